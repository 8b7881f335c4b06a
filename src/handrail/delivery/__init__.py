"""What a browser gets: the published snapshot, boot, revision, content, explain."""
