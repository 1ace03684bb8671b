/* Branches, part of model.c: what the predictors said of the one that ends a block, and what that costs. */
#ifndef FORENSICS_SIM_BRANCH_H
#define FORENSICS_SIM_BRANCH_H

#include "sim/fetch.h"
#include "sim/state.h"

/* Before the block's fetch, so that what its branch will ask for comes meanwhile. */
static IN_LINE void look_up_branch(struct model *m, const struct block *b)
{
    if (b->ending == STREAM_COND)
        predict_ahead(&m->predictor, m->path, &b->bias, block_branch(b), &m->lookup);
}

static OUT_OF_LINE void mispredicted(struct model *m, struct block *b, enum component component, enum event event,
                                     uint64_t resolved)
{
    if (PERFECT(m, component))
        return;
    b->rest->tally.events[event]++;
    redirect(m, b, resolved + (uint64_t)m->profile->value[P_MISPREDICT] * TICKS, component);
}

static OUT_OF_LINE void target_unknown(struct model *m, struct block *b, enum btb_answer answer)
{
    if (PERFECT(m, COMPONENT_BTB))
        return;
    if (answer == BTB_SECOND) {
        uint64_t bubble = (uint64_t)m->profile->value[P_BTB2_BUBBLE] * TICKS;
        m->predicted += bubble;
        owe(m, COMPONENT_BTB, b, bubble);
        return;
    }
    b->rest->tally.events[EVENT_BTB]++;
    redirect(m, b, m->fetched + (uint64_t)m->profile->value[P_RESTEER] * TICKS, COMPONENT_BTB);
}

/* A taken branch meets the BTB; a target that was mispredicted anyway costs nothing more. */
static IN_LINE void taken(struct model *m, struct block *b, bool known)
{
    enum btb_answer answer = btb_touch(&m->btb, block_branch(b), &b->btb_slot);
    b->known_branch = true;
    m->fall_through = 0;
    if (UNLIKELY(answer != BTB_FIRST && known))
        target_unknown(m, b, answer);
}

static OUT_OF_LINE void indirect(struct model *m, struct block *b, const uint64_t *slots, uint64_t resolved)
{
    uint64_t next = placed(m->remap, slots[b->next_slot - 1]);
    bool entered = m->btb.tags1[b->btb_slot] == block_branch(b);
    bool right =
        predict_indirect(&m->predictor, m->path, block_branch(b), entered ? m->btb.targets1[b->btb_slot] : 0, next);
    if (!right)
        mispredicted(m, b, COMPONENT_INDIRECT, EVENT_INDIRECT, resolved);
    taken(m, b, right);
    m->btb.targets1[b->btb_slot] = next;
}

/* A call or a return: its entry in the BTB says so later than a jump's. */
static IN_LINE void linked(struct model *m)
{
    m->predicted += m->call_ticks;
}

static IN_LINE void conditional(struct model *m, struct block *b, unsigned exit, uint64_t resolved)
{
    bool right = predict_direction(&m->lookup, m->path, &b->bias, exit);
    if (UNLIKELY(!right))
        mispredicted(m, b, COMPONENT_DIRECTION, EVENT_DIRECTION, resolved);
    if (exit)
        taken(m, b, right);
    else
        m->fall_through = block_end(b);
}

/* A branch of any other kind, or none. */
static IN_LINE void other_branch(struct model *m, struct block *b, const uint64_t *slots, uint64_t resolved)
{
    switch ((enum stream_ending)b->ending) {
    case STREAM_CALL:
        predict_call(&m->predictor, m->path, block_end(b));
        linked(m);
        taken(m, b, true);
        break;
    case STREAM_JUMP:
        taken(m, b, true);
        break;
    case STREAM_CALL_INDIRECT:
        predict_call(&m->predictor, m->path, block_end(b));
        linked(m);
        indirect(m, b, slots, resolved);
        break;
    case STREAM_JUMP_INDIRECT:
        indirect(m, b, slots, resolved);
        break;
    case STREAM_RETURN: {
        bool right = predict_return(&m->predictor, m->path, placed(m->remap, slots[b->next_slot - 1]));
        linked(m);
        if (UNLIKELY(!right))
            mispredicted(m, b, COMPONENT_RETURN, EVENT_RETURN, resolved);
        taken(m, b, right);
        break;
    }
    case STREAM_COND: case STREAM_FALL: case STREAM_SYSCALL: case STREAM_REP: case STREAM_ENDINGS:
        m->fall_through = block_end(b);
        break;
    }
}

/* Three of four blocks end in a condition, so that is asked first. */
static IN_LINE void branch(struct model *m, struct block *b, unsigned exit, const uint64_t *slots, uint64_t resolved)
{
    if (LIKELY(b->ending == STREAM_COND))
        conditional(m, b, exit, resolved);
    else
        other_branch(m, b, slots, resolved);
}

#endif
