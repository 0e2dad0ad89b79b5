"""driftproof: will this migration run from every state that the database may be in?"""

__version__ = "0.1.0"
