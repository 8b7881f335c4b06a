"""Everything that changes a user comes in here: accept, dedupe, commit, fold, fill the analytic store."""
