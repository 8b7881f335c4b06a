# Thin names for ./dev, which says what each does (./dev help). HANDRAIL_PORT passes through.
.PHONY: help setup build demo test lint fuzz bench soak screenshots lock clean

help setup build demo test lint fuzz bench soak screenshots lock clean:
	@./dev $@
