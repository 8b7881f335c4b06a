"""Questions that members ask of what users did."""
