"""The notifier: changes from the topics -> what is news -> what everybody concerned should know."""
