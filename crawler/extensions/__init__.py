"""Extensions: what watches a run from outside. One job a file."""
