# Thin on purpose: meson builds (build/), these are the words a person types. `make help` lists them.
.DEFAULT_GOAL := build
.PHONY: build run test bench install fmt deb clean screenshots help
BUILD ?= build
DATA ?= data
PREFIX ?= /usr/local
DESTDIR ?=

help:           ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 22

build:          ## the program, in build/widenet
	@tools/install-deps run
	@[ -e $(BUILD)/build.ninja ] || meson setup $(BUILD) >/dev/null
	@if [ -t 1 ]; then ninja -C $(BUILD); else ninja -C $(BUILD) --quiet; fi

run: build      ## a node at http://127.0.0.1:8484, with the demonstration newsroom at first
	@tools/run-node $(BUILD)/widenet $(DATA)

test: build     ## every test; T=word limits it to the programs with that word in their name
	@tools/install-deps test
	@tools/install-npm
	@tools/run-tests --build $(BUILD) $(T)

bench: build    ## the benchmarks, as ratios
	@tools/install-deps bench
	@bench/run $(BUILD)/widenet

install:        ## into $(DESTDIR)$(PREFIX): program, man pages, systemd unit, sample configuration
	@tools/install-deps run
	@[ -e build-install/build.ninja ] || meson setup build-install --buildtype=release -Dtests=false --prefix=$(PREFIX) >/dev/null
	@meson configure build-install --prefix=$(PREFIX)
	@ninja -C build-install --quiet
	@DESTDIR=$(DESTDIR) meson install -C build-install --no-rebuild --quiet

fmt:            ## formats all C files
	@tools/install-deps fmt
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format-14 -i

deb:            ## a Debian package, in build-deb/
	@tools/install-deps deb
	@tools/make-deb

screenshots: build ## docs/screenshots/, anew
	@tools/install-deps shots
	@tools/install-npm
	@WIDENET_BUILD=$(abspath $(BUILD)) node tools/screenshots.mjs

clean:          ## removes what was built (never data)
	@rm -rf build build-install build-deb build-warnings build-asan build-tsan build-fuzz build-arm64
