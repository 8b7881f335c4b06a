"""Every claim of speed, runnable, with its peer or limit beside it in the same run."""
