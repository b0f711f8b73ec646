"""What all processes of Gatecall share, and the Flask application. Importing it opens nothing."""
