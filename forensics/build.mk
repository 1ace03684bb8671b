# The analyzer: every folder but cmd/ goes into one archive that the tests link too.

FORENSICS_DIRS := base core run stat elf sim layout judge report
FORENSICS_SRC  := $(sort $(wildcard $(addprefix forensics/,$(addsuffix /*.c,$(FORENSICS_DIRS)))))
FORENSICS_CMD  := $(sort $(wildcard forensics/cmd/*.c))
FORENSICS_LIBS := -ljansson -lpfm -ldw -lelf -lZydis -lmd -lpthread -lm
FORENSICS_A    := $(BUILD)/libforensics.a

$(BUILD)/forensics/%.o: forensics/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iforensics -c -o $@ $<

FORENSICS_O := $(patsubst %.c,$(BUILD)/%.o,$(FORENSICS_SRC))
$(FORENSICS_A): $(FORENSICS_O)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BIN)/layout_tax_forensics: $(patsubst %.c,$(BUILD)/%.o,$(FORENSICS_CMD)) $(FORENSICS_A)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(FORENSICS_LIBS)

ifneq ($(FORENSICS_CMD),)
ALL      += $(BIN)/layout_tax_forensics
PROGRAMS += layout_tax_forensics
endif

# The recorder is a program of its own (a Valgrind tool, another licence): built here when Valgrind's static libraries
# are installed, on first use otherwise. Its flags stand in its own script, as both builds need them.
RECORDER_DIR := $(BUILD)/recorder
RECORDER     := $(RECORDER_DIR)/layout_tax_recorder-amd64-linux
RECORDER_SRC := $(wildcard forensics/sim/recorder/*) forensics/sim/stream_format.h

$(RECORDER): $(RECORDER_SRC)
	$(call say,REC,$@)
	$(Q)forensics/sim/recorder/build.sh $(@D) $(CC)

# Rows of `make install`: the sources, for the build on first use, and what is built.
LIBEXEC_DIR := $(DESTDIR)$(PREFIX)/libexec/layout_tax_forensics
RECORDER_INSTALLED := $(foreach f,$(RECORDER_SRC),$(f):$(LIBEXEC_DIR)/src/$(f:forensics/%=%):$(if $(filter %.sh,$f),755,644))

ifneq ($(wildcard /usr/lib/x86_64-linux-gnu/valgrind/libcoregrind-amd64-linux.a),)
ALL += $(RECORDER)
RECORDER_INSTALLED += $(foreach f,$(RECORDER) $(RECORDER_DIR)/vgpreload_core-amd64-linux.so $(RECORDER_DIR)/valgrind-version,\
    $(f):$(LIBEXEC_DIR)/recorder/$(notdir $f):755)
endif
