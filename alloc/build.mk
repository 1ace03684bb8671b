# The allocator. One set of sources, built in flavours:
#
#   libhakmem.so            interposing, for preload and dynamic linking (Standard: statistics on)
#   libhakmem.a             interposing, for static linking (Standard)
#   libhakmem_minimal.a     FAST: no statistics, no checks beyond safety
#   libhakmem_checking.a/.so  canaries, poison, quarantine, every free checked
#   libhakmem_names.a       the hakmem_ names alone: interposes nothing, for unit tests and sanitizers
#
# For others: HAKMEM_SO, HAKMEM_A, HAKMEM_MINIMAL_A, HAKMEM_CHECKING_A, HAKMEM_CHECKING_SO, HAKMEM_NAMES_A are the
# built files; HAKMEM_SRC is every source of an interposing build and HAKMEM_MINIMAL_CFLAGS are the flags that make
# it FAST, for whoever compiles the sources together with a program (PGO, LTO).

HAKMEM_CORE_SRC := $(sort $(filter-out alloc/interpose.c alloc/front_checking.c,$(wildcard alloc/*.c)))
HAKMEM_SRC      := $(HAKMEM_CORE_SRC) alloc/interpose.c
HAKMEM_CHECKING_SRC := $(HAKMEM_SRC) $(wildcard alloc/front_checking.c)

# No assumption about what malloc does may leak into malloc itself.
HAKMEM_CFLAGS := -fvisibility=hidden -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
HAKMEM_MINIMAL_CFLAGS := $(HAKMEM_CFLAGS) -fPIE -ftls-model=local-exec -DHAK_STATS=0 -DHAK_FS_RELATIVE=2

HAKMEM_SO          := $(BUILD)/libhakmem.so
HAKMEM_A           := $(BUILD)/libhakmem.a
HAKMEM_MINIMAL_A   := $(BUILD)/libhakmem_minimal.a
HAKMEM_CHECKING_A  := $(BUILD)/libhakmem_checking.a
HAKMEM_CHECKING_SO := $(BUILD)/libhakmem_checking.so
HAKMEM_NAMES_A     := $(BUILD)/libhakmem_names.a

# $(1) flavour, $(2) its flags
define HAKMEM_FLAVOUR
$(BUILD)/$(1)/alloc/%.o: alloc/%.c
	$$(call say,CC,$$< ($(1)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(HAKMEM_CFLAGS) $(2) -c -o $$@ $$<
endef
HAKMEM_SO_CFLAGS := -fPIC -ftls-model=initial-exec -fno-plt -fno-semantic-interposition -DHAK_FS_RELATIVE=1
HAKMEM_A_CFLAGS  := -fPIE -ftls-model=local-exec $(if $(SANITIZE),,-DHAK_FS_RELATIVE=2)
$(eval $(call HAKMEM_FLAVOUR,so,$(HAKMEM_SO_CFLAGS)))
$(eval $(call HAKMEM_FLAVOUR,static,$(HAKMEM_A_CFLAGS)))
$(eval $(call HAKMEM_FLAVOUR,minimal,$(HAKMEM_MINIMAL_CFLAGS)))
$(eval $(call HAKMEM_FLAVOUR,checking-so,$(HAKMEM_SO_CFLAGS) -DHAK_CHECKING=1))
$(eval $(call HAKMEM_FLAVOUR,checking,$(HAKMEM_A_CFLAGS) -DHAK_CHECKING=1))

# One object in each archive: whoever needs malloc gets all of it, start and end of process included.
define HAKMEM_ARCHIVE
	$(call say,AR,$@)
	$(Q)$(CC) -r -nostdlib -o $(@:.a=.o) $^ && rm -f $@ && $(AR) rcs $@ $(@:.a=.o)
endef
define HAKMEM_SHARED
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,-soname,$(@F) -Wl,-Bsymbolic -Wl,-z,now -Wl,-z,relro -Wl,--no-undefined \
		-Wl,--version-script=alloc/libhakmem.map -o $@ $(filter %.o,$^) -lpthread
endef

$(HAKMEM_SO): $(call objs,$(HAKMEM_SRC),so) alloc/libhakmem.map
	$(HAKMEM_SHARED)
$(HAKMEM_CHECKING_SO): $(call objs,$(HAKMEM_CHECKING_SRC),checking-so) alloc/libhakmem.map
	$(HAKMEM_SHARED)
$(HAKMEM_A): $(call objs,$(HAKMEM_SRC),static)
	$(HAKMEM_ARCHIVE)
$(HAKMEM_MINIMAL_A): $(call objs,$(HAKMEM_SRC),minimal)
	$(HAKMEM_ARCHIVE)
$(HAKMEM_CHECKING_A): $(call objs,$(HAKMEM_CHECKING_SRC),checking)
	$(HAKMEM_ARCHIVE)
$(HAKMEM_NAMES_A): $(call objs,$(HAKMEM_CORE_SRC),static)
	$(HAKMEM_ARCHIVE)

# A sanitizer brings an allocator of its own: there, only the names that interpose nothing make sense.
ALL += $(HAKMEM_NAMES_A) $(if $(SANITIZE),,$(HAKMEM_SO) $(HAKMEM_A) $(HAKMEM_MINIMAL_A) $(HAKMEM_CHECKING_A) $(HAKMEM_CHECKING_SO))

include tests/alloc/build.mk
