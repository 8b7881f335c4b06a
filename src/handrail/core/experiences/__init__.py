"""Experience documents: everything an author writes and a version freezes."""
