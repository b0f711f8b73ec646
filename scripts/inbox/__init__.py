"""The demo's inbox: a small SMTP server, a Twilio-shaped endpoint, and a page that shows what arrives.

It plays the providers and the people's mailboxes at once. It is for development alone: it delivers nothing to
anybody, keeps everything in memory and asks nobody who they are.

    python -m scripts.inbox
"""
