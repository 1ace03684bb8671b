# hakmem + layout_tax_forensics: one Makefile, no recursion; each folder adds its rows in build.mk.
#
#   make            everything            make demo     the main job on two real builds
#   make check      all tests             make help     every target, one line each
#
# Variants are other values of BUILD with other flags, e.g.
#   make BUILD=build/clang CC=clang        make BUILD=build/asan SANITIZE=address,undefined

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
CXX      ?= g++
AR       ?= ar
PREFIX   ?= /usr/local
DESTDIR  ?=
BUILD    ?= build
OPT      ?= -O2 -g
SANITIZE ?=
PROVE    ?= prove
VERSION  := 0.1.0

CPPFLAGS += -DLTF_VERSION='"$(VERSION)"'
WARN     := -Wall -Wextra -Wundef -Wshadow -Wmissing-prototypes -Wswitch-enum -Werror
STD      := -std=gnu11 -D_GNU_SOURCE
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CFLAGS_ALL  = $(STD) $(WARN) $(OPT) $(SANFLAGS) -MMD -MP $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL = $(OPT) $(SANFLAGS) $(LDFLAGS)

# Programs a person types live at the root, and only in the plain build; variants stay in their folder.
BIN := $(if $(filter build,$(BUILD)),.,$(BUILD))

# One line per step, the whole command with V=1, nothing with -s.
Q     := $(if $(V),,@)
QUIET  = $(findstring s,$(firstword -$(MAKEFLAGS)))
say    = @$(if $(QUIET),:,printf '  %-5s %s\n' '$(1)' '$(2)')

# Objects of sources $(1) in flavour $(2) (a folder below BUILD, so one source can be built several ways).
objs = $(patsubst %.c,$(BUILD)/$(2)/%.o,$(1))

include alloc/build.mk
include bench/build.mk
include forensics/build.mk
include tests/build.mk
include scripts/build.mk

.PHONY: all clean help
all: $(ALL) ## build everything

clean: ## remove build/ and the programs at the root
	rm -rf build $(PROGRAMS)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
