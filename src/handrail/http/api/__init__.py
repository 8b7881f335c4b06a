"""The API that the dashboard and the command line speak. Litestar; the hot doors are beside it, not in it."""
