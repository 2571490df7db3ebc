"""The AI worker: takes signed questions from a queue, answers from documents."""

__version__ = "0.1.0"
