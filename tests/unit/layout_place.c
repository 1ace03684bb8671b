/* Placing: the map, orders, paddings, transplants, glue. */
#include "layout/place.h"
#include "layout/replay.h"
#include "tap.h"

static struct arena *arena;

static void push(struct layout_side *side, enum layout_axis axis, uint64_t address, uint64_t size, uint32_t group, uint32_t pair)
{
    *ARENA_PUSH(arena, side->objects, side->count, side->room) =
        (struct layout_object){ .name = "x", .address = address, .size = size, .extent = size, .axis = axis, .group = group, .pair = pair };
}

/* Two sides: 40 functions in two groups; in new the tenth has grown, one is missing, one is new, all sit elsewhere. */
static void make_sides(struct layout_side sides[2])
{
    for (int s = 0; s < 2; s++) {
        uint64_t at = s ? 0x405010 : 0x401000;
        sides[s] = (struct layout_side){ 0 };
        for (uint32_t i = 0; i < 40; i++) {
            uint64_t size = 40 + 13 * i % 200 + (s && i == 10 ? 700 : 0);
            if (s && i == 20)
                continue;
            push(&sides[s], AXIS_TEXT, at, size, i < 8 ? 1 : 2, i);
            at = (at + size + 15) & ~15ull;
        }
        if (s)
            push(&sides[s], AXIS_TEXT, at, 333, 2, LAYOUT_ALONE);
        for (uint32_t i = 0; i < 10; i++)
            push(&sides[s], AXIS_DATA, 0x500000 + 64 * i + 4096 * (uint64_t)s, 48, 5, 100 + i);
        push(&sides[s], AXIS_HEAP, 0x10000000, 0x21000, 9, 200);
        push(&sides[s], AXIS_STACK, 0x1ffe000000, 0x10000, 10, 201);
        layout_sort(&sides[s]);
    }
    layout_pair(sides);
    layout_align(sides);
}

static bool disjoint(const struct layout_side *side, const uint64_t *to)
{
    for (size_t i = 0; i < side->count; i++)
        for (size_t k = 0; k < i; k++)
            if (to[i] < to[k] + side->objects[k].size && to[k] < to[i] + side->objects[i].size)
                return false;
    return true;
}

static bool aligned(const struct layout_side *side, const uint64_t *to)
{
    for (size_t i = 0; i < side->count; i++)
        if (to[i] % side->objects[i].align)
            return false;
    return true;
}

/* Every pair of the axes in `axes` at one address. */
static bool paired_alike(const struct layout_side sides[2], const struct layout_placing *placing, unsigned axes)
{
    for (size_t i = 0; i < sides[0].count; i++)
        for (size_t k = 0; k < sides[1].count; k++)
            if (sides[0].objects[i].pair != LAYOUT_ALONE && sides[0].objects[i].pair == sides[1].objects[k].pair &&
                axes >> sides[0].objects[i].axis & 1 && placing->to[0][i] != placing->to[1][k])
                return false;
    return true;
}

static bool groups_contiguous(const struct layout_side *side, const uint64_t *to)
{
    for (size_t i = 0; i < side->count; i++)
        for (size_t k = 0; k < side->count; k++)
            if (side->objects[i].axis == side->objects[k].axis && side->objects[i].group < side->objects[k].group && to[i] >= to[k])
                return false;
    return true;
}

static void test_drawn(enum layout_family family, const char *name)
{
    struct layout_side sides[2];
    make_sides(sides);
    size_t same_order = 0, moved_apart = 0;
    bool fine = true, lined = true, alike = true, grouped = true, again = true;
    for (unsigned j = 0; j < 24; j++) {
        struct layout_wish wish = { .family = family, .axes = AXES_ALL, .seed = 7, .number = j };
        struct layout_placing p = layout_place(arena, sides, &wish), q = layout_place(arena, sides, &wish);
        for (int s = 0; s < 2; s++) {
            fine &= disjoint(&sides[s], p.to[s]);
            lined &= aligned(&sides[s], p.to[s]);
            grouped &= groups_contiguous(&sides[s], p.to[s]);
            again &= memcmp(p.to[s], q.to[s], sides[s].count * sizeof *p.to[s]) == 0;
        }
        alike &= paired_alike(sides, &p, AXES_ALL);
        same_order += p.to[0][8] < p.to[0][9];
        moved_apart += p.to[0][9] - p.to[0][8] != sides[0].objects[9].address - sides[0].objects[8].address;
    }
    ok(fine, "%s: no two objects of a side overlap", name);
    ok(lined, "%s: every object keeps its alignment", name);
    ok(alike, "%s: paired objects have one address on both sides", name);
    ok(grouped, "%s: groups stay together and in order", name);
    ok(again, "%s: the same seed and number give the same places", name);
    if (family == FAMILY_ORDER)
        ok(same_order > 4 && same_order < 20, "order: two neighbours are swapped in about half of the layouts (%zu of 24)", same_order);
    else
        ok(same_order == 24 && moved_apart > 12, "pad: neighbours stay in order and their distance varies (%zu of 24)", moved_apart);
}

/* What a seed draws is the same on every machine, compiler and libc: nothing but whole numbers goes into it. */
static void test_everywhere(void)
{
    static const struct { enum layout_family family; uint64_t seed, places; } rows[] = {
        { FAMILY_ORDER, 1, 0x3914987569658635 }, { FAMILY_ORDER, 20260101, 0xe991c74c5eabd5d5 }, { FAMILY_PAD, 1, 0xdc3cca38762edd75 },
        { FAMILY_PAD, 20260101, 0xc1fc8f9a59400275 }, { FAMILY_OLD_PLACE, 0, 0x3667b3275f9ee325 }, { FAMILY_NEW_PLACE, 0, 0xe3a373a6dac49125 },
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct layout_side sides[2];
        uint64_t h = 0xcbf29ce484222325ull;
        make_sides(sides);
        for (unsigned j = 0; j < 8; j++) {
            struct layout_wish wish = { .family = rows[k].family, .axes = AXES_ALL, .seed = rows[k].seed, .number = j };
            struct layout_placing p = layout_place(arena, sides, &wish);
            for (int s = 0; s < 2; s++)
                for (size_t i = 0; i < sides[s].count; i++)
                    h = (h ^ p.to[s][i]) * 0x100000001b3ull;
        }
        ok(h == rows[k].places, "%s: seed %llu gives the places that it gave when this was written (0x%llx)", layout_family_table[rows[k].family].name,
           (unsigned long long)rows[k].seed, (unsigned long long)h);
    }
}

static void test_axes(void)
{
    struct layout_side sides[2];
    make_sides(sides);
    for (enum layout_axis axis = 0; axis < AXIS_COUNT; axis++) {
        struct layout_wish wish = { .family = FAMILY_ORDER, .axes = 1u << axis, .seed = 3, .number = 1 };
        struct layout_placing p = layout_place(arena, sides, &wish);
        size_t stayed = 0, moved = 0, wrong = 0;
        for (size_t i = 0; i < sides[0].count; i++) {
            bool is_moved = p.to[0][i] != sides[0].objects[i].address;
            wrong += is_moved != (sides[0].objects[i].axis == axis);
            stayed += !is_moved;
            moved += is_moved;
        }
        ok(!wrong && stayed && moved, "only objects of the %s axis move when it moves alone", layout_axis_table[axis].name);
    }
}

static void test_transplant(void)
{
    struct layout_side sides[2];
    make_sides(sides);
    struct layout_wish wish = { .family = FAMILY_OLD_PLACE, .axes = AXES_ALL };
    struct layout_placing p = layout_place(arena, sides, &wish);
    size_t there = 0, elsewhere = 0, modulo = 0;
    bool old_stays = true;
    for (size_t i = 0; i < sides[0].count; i++)
        old_stays &= p.to[0][i] == sides[0].objects[i].address;
    for (size_t k = 0; k < sides[1].count; k++)
        for (size_t i = 0; i < sides[0].count; i++)
            if (sides[0].objects[i].pair == sides[1].objects[k].pair && sides[1].objects[k].pair != LAYOUT_ALONE) {
                there += p.to[1][k] == sides[0].objects[i].address;
                elsewhere += p.to[1][k] != sides[0].objects[i].address;
                modulo += (p.to[1][k] - sides[0].objects[i].address) % 4096 == 0;
            }
    ok(old_stays, "transplant: old stays where it is");
    ok(there == 50 && elsewhere == 1, "transplant: all but the grown function are at old's addresses (%zu, %zu)", there, elsewhere);
    ok(modulo == 51, "transplant: the grown one is at the same address modulo 4096");
    ok(disjoint(&sides[1], p.to[1]), "transplant: nothing overlaps");
}

static void test_one(void)
{
    struct layout_side sides[2];
    make_sides(sides);
    struct layout_wish wish = { .family = FAMILY_ONE, .axes = 1u << AXIS_TEXT, .object = 12 };
    struct layout_placing p = layout_place(arena, sides, &wish);
    size_t moved = 0;
    for (size_t i = 0; i < sides[1].count; i++)
        moved += p.to[1][i] != sides[1].objects[i].address;
    ok(moved == 1 && sides[0].objects[12].pair == sides[1].objects[12].pair && p.to[1][12] % 4096 == sides[0].objects[12].address % 4096,
       "one function alone goes to old's place in the page");
}

static void test_remap(void)
{
    struct remap *remap = remap_new();
    remap_add(remap, 0x1000, 0x3000, 0x100000);
    remap_add(remap, 0x1803, 5, -0x10);
    ok(remap_address(remap, 0xfff) == 0xfff && remap_address(remap, 0x4000) == 0x4000, "what was not added stays");
    ok(remap_address(remap, 0x1000) == 0x101000 && remap_address(remap, 0x3fff) == 0x103fff, "a range moves up to its last byte");
    ok(remap_address(remap, 0x1802) == 0x101802 && remap_address(remap, 0x1803) == 0x17f3 && remap_address(remap, 0x1807) == 0x17f7 &&
           remap_address(remap, 0x1808) == 0x101808,
       "a piece inside of it moves by itself, to the byte");
    remap_add(remap, 0x1000, 0x1000, 0);
    ok(remap_address(remap, 0x1803) == 0x1803 && remap_address(remap, 0x2000) == 0x102000, "a later word on a page replaces the earlier one");
    remap_add(remap, 0x7ffff0000000, 16, 32);
    ok(remap_address(remap, 0x7ffff000000f) == 0x7ffff000002f, "the far end of the address space can move");
    remap_free(remap);
}

static void test_glue(void)
{
    struct layout_side side = { 0 };
    for (uint32_t i = 0; i < 6; i++)
        push(&side, AXIS_TEXT, 0x1000 + 0x40 * i, 0x30, 1, i);
    side.objects[2].extent = 0x40;
    push(&side, AXIS_DATA, 0x1050, 4, 1, 50);
    layout_sort(&side);
    struct layout_span spans[] = {
        { 0x1000, 0x1030, false, false, 0 }, { 0x10a0, 0x10c0, true, false, 0 }, { 0x1100, 0x1120, true, false, 0 }, { 0x1120, 0x1145, false, false, 0 },
    };
    layout_glue(&side, spans, sizeof spans / sizeof *spans);
    ok(side.count == 5, "two glued pairs leave five objects (%zu)", side.count);
    size_t at = layout_text_at(&side, 0x10c4);
    ok(at != SIZE_MAX && side.objects[at].address == 0x1080 && side.objects[at].merged == 1 && side.objects[at].size == 0x70,
       "a fall-through into the next function joins the two");
    at = layout_text_at(&side, 0x1141);
    ok(at != SIZE_MAX && side.objects[at].address == 0x1100 && side.objects[at].merged == 1, "a block across the border joins them too");
    ok(layout_text_at(&side, 0x1000) == 0 && side.objects[0].merged == 0, "a jump at the end joins nothing");
    ok(layout_text_at(&side, 0x1035) == SIZE_MAX, "between objects there is none");
}

static void test_pairing(void)
{
    struct layout_side sides[2];
    make_sides(sides);
    sides[1].objects[0].group = 2;
    sides[1].objects[1].merged = 1;
    uint32_t first = sides[1].objects[0].pair, second = sides[1].objects[1].pair;
    size_t pairs = layout_pair(sides);
    ok(pairs == 49 && sides[1].objects[0].pair == LAYOUT_ALONE && sides[1].objects[1].pair == LAYOUT_ALONE && first != second,
       "another group, or other glue, is no pair");
}

static void test_align(void)
{
    struct layout_side sides[2] = { { 0 }, { 0 } };
    for (uint32_t i = 0; i < 20; i++) {
        push(&sides[0], AXIS_TEXT, 0x400000 + 0x30 * i, 0x20, 1, i);
        push(&sides[1], AXIS_TEXT, 0x400000 + 0x1000 * i, 0x20, 1, i);
    }
    push(&sides[0], AXIS_TEXT, 0x400fff, 1, 1, LAYOUT_ALONE);
    layout_sort(&sides[0]);
    layout_sort(&sides[1]);
    layout_align(sides);
    bool sixteen = true;
    for (size_t i = 0; i < 20; i++)
        sixteen &= sides[1].objects[i].align == 16;
    ok(sixteen, "functions on page borders in one build alone are aligned as in the other");
    ok(sides[0].objects[sides[0].count - 1].align == 1, "an odd function keeps its own alignment");
}

/* A moved block keeps its inside; its own end moves with it even where the next object goes elsewhere. */
static void test_block(void)
{
    struct remap *remap = remap_new();
    remap_add(remap, 0x1000, 0x20, 0x5000);
    remap_add(remap, 0x1020, 0x20, 0x9000);
    struct stream_exit exits[2] = { { .target = 0x1020 }, { .target = 0x1030 } };
    struct stream_block block = { .address = 0x1010, .bytes = 0x10, .target = 0x1030, .ending = STREAM_COND, .n_exits = 2, .exits = exits };
    const struct stream_block *moved = replay_block(arena, remap, &block);
    ok(moved->address == 0x6010 && moved->target == 0xa030, "a block and its target follow their own objects");
    ok(moved->exits[0].target == 0x6020 && moved->exits[1].target == 0xa030, "falling through stays at the block's end");
    remap_free(remap);
}

int main(void)
{
    arena = arena_new();
    test_remap();
    test_drawn(FAMILY_ORDER, "order");
    test_drawn(FAMILY_PAD, "pad");
    test_everywhere();
    test_axes();
    test_transplant();
    test_one();
    test_glue();
    test_pairing();
    test_align();
    test_block();
    arena_free(arena);
    return done_testing();
}
