import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { EscalationLevel } from "../../src/core/config.ts";
import { type EscalationState, type EscalationStep, escalationStep, type Need } from "../../src/core/escalation.ts";
import type { Incident } from "../../src/core/incident.ts";

const MINUTE = 60_000;

const ONCALL: EscalationLevel = {
  after: 0,
  when: "needs-person",
  severities: ["P0", "P1", "P2"],
  notify: ["slack:@oncall"],
};
const LEAD: EscalationLevel = {
  after: 15 * MINUTE,
  when: "unmitigated",
  severities: ["P0", "P1"],
  notify: ["slack:@lead", "pagerduty:platform"],
};
const VP: EscalationLevel = { after: 30 * MINUTE, when: "unmitigated", severities: ["P0"], notify: ["slack:@vp"] };
const LEVELS = [ONCALL, LEAD, VP];

const UNKNOWN: Need = { kind: "unknown_outcome", key: "unknown r x", text: "run r waits for an answer" };
const APPROVAL: Need = { kind: "approval", key: "approval a", text: "approval a waits" };
const TASK: Need = { kind: "task", key: "task t", text: "task t waits" };

function incidentOf(more: Partial<Incident> = {}): Incident {
  return {
    id: "inc-1",
    key: "service=a",
    labels: {},
    title: "a",
    severity: "P0",
    status: "open",
    opening: 1,
    openedAt: 0,
    startedAt: 0,
    runs: [],
    leases: [],
    ...more,
  };
}

type Moment = { at: number; incident?: Partial<Incident>; needs?: readonly Need[]; confirmed?: boolean };

/** Looks at these moments (minutes), one after the other; the calls made, with what each says. */
function play(moments: readonly Moment[], levels: readonly EscalationLevel[] = LEVELS) {
  let state: EscalationState | undefined;
  return moments.map(({ at, incident, needs = [], confirmed = true }) => {
    const view = { incident: incidentOf(incident), needs, confirmed, now: at * MINUTE };
    const step: EscalationStep = escalationStep(levels, view, state);
    state = step.state;
    return step;
  });
}

const called = (steps: readonly EscalationStep[]) => steps.map((step) => step.call?.notify.join(" "));
const ack = (at: number, until: number) => ({ acknowledged: { by: "anna", at: at * MINUTE, until: until * MINUTE } });

describe("levels", () => {
  test("each fires at its time from the opening, once", () => {
    const steps = play([{ at: 0 }, { at: 14 }, { at: 15 }, { at: 16 }, { at: 31 }, { at: 90 }]);
    assert.deepEqual(called(steps), [
      undefined,
      undefined,
      "slack:@lead pagerduty:platform",
      undefined,
      "slack:@vp",
      undefined,
    ]);
    assert.match(steps[2]?.call?.text ?? "", /^P0: not mitigated 15m after it opened$/);
    const minutes = steps.map((step) => (step.next === undefined ? undefined : step.next / MINUTE));
    assert.deepEqual(minutes, [15, 15, 16, 30, 32, undefined]);
  });

  test("only for their severities, and not once it is mitigated or resolved", () => {
    assert.deepEqual(called(play([{ at: 60, incident: { severity: "P1" } }])), ["slack:@lead pagerduty:platform"]);
    assert.deepEqual(called(play([{ at: 60, incident: { severity: "P2" } }])), [undefined]);
    assert.deepEqual(called(play([{ at: 60, incident: { status: "mitigated" } }])), [undefined]);
    assert.deepEqual(called(play([{ at: 60, incident: { status: "resolved", resolvedAt: 1 } }])), [undefined]);
  });

  for (const need of [APPROVAL, TASK]) {
    test(`needs-person calls as soon as somebody is needed for an ${need.kind}, and says for what`, () => {
      const steps = play([{ at: 0 }, { at: 3, needs: [need] }, { at: 4, needs: [need] }]);
      assert.deepEqual(called(steps), [undefined, "slack:@oncall", undefined]);
      assert.equal(steps[1]?.call?.text, `P0: ${need.text}`);
    });
  }

  test("an unknown outcome of a resolved incident still calls", () => {
    const steps = play([{ at: 3, needs: [UNKNOWN], incident: { status: "resolved", resolvedAt: 1 } }]);
    assert.deepEqual(called(steps), ["slack:@oncall"]);
  });

  test("times of a reopened incident count from its reopening, and everything is armed anew", () => {
    const again = { opening: 2, reopenedAt: 100 * MINUTE };
    const steps = play([{ at: 16 }, { at: 101, incident: again }, { at: 115, incident: again }]);
    assert.deepEqual(called(steps), ["slack:@lead pagerduty:platform", undefined, "slack:@lead pagerduty:platform"]);
  });

  test("editing stanch.yaml fires no level twice", () => {
    const before = play([{ at: 16 }])[0]?.state;
    const view = { incident: incidentOf(), needs: [], confirmed: true, now: 17 * MINUTE };
    assert.equal(escalationStep([VP, LEAD], view, before).call, undefined);
  });
});

describe("acknowledging", () => {
  test("stops every level until it runs out", () => {
    const steps = play([
      { at: 14, incident: ack(14, 44) },
      { at: 20, incident: ack(14, 44), needs: [APPROVAL] },
      { at: 44, incident: ack(14, 44), needs: [APPROVAL] },
    ]);
    assert.deepEqual(called(steps), [undefined, undefined, "slack:@oncall slack:@lead pagerduty:platform slack:@vp"]);
    assert.deepEqual([steps[0]?.next, steps[1]?.next], [44 * MINUTE, 44 * MINUTE]);
  });

  for (const [what, after] of [
    ["a severity rise", { incident: { severity: "P0", ...ack(16, 46) } }],
    ["an unknown outcome", { incident: { severity: "P1", ...ack(16, 46) }, needs: [UNKNOWN] }],
    [
      "an exhausted ladder",
      {
        incident: { severity: "P1", ...ack(16, 46) },
        needs: [{ kind: "exhausted", key: "exhausted 1", text: "no playbook is left" }],
      },
    ],
    [
      "a failed revert",
      { incident: { severity: "P1", ...ack(16, 46) }, needs: [{ kind: "failed_revert", key: "lease l", text: "l" }] },
    ],
  ] as const) {
    test(`${what} arms anew: levels fire again, whoever acknowledged before`, () => {
      const steps = play([
        { at: 15, incident: { severity: "P1" } },
        { at: 17, incident: { severity: "P1", ...ack(16, 46) } },
        { at: 20, ...after } as Moment,
        { at: 21, ...after } as Moment,
      ]);
      const [first, second, third, fourth] = called(steps);
      assert.equal(first, "slack:@lead pagerduty:platform");
      assert.equal(second, undefined);
      assert.match(third ?? "", /slack:@lead pagerduty:platform/);
      assert.equal(fourth, undefined);
    });
  }

  for (const further of [{ ...APPROVAL, key: "approval b" }, TASK]) {
    test(`a further ${further.kind} does not wake who has acknowledged`, () => {
      const steps = play([
        { at: 1, needs: [APPROVAL] },
        { at: 3, needs: [APPROVAL, further], incident: ack(2, 32) },
      ]);
      assert.deepEqual(called(steps), ["slack:@oncall", undefined]);
    });
  }

  test("after the new arming it can be acknowledged again", () => {
    const rest = { severity: "P1" as const, ...ack(21, 51) };
    const steps = play([
      { at: 15, incident: { severity: "P1" } },
      { at: 20, incident: { severity: "P1" }, needs: [UNKNOWN] },
      { at: 22, incident: rest, needs: [UNKNOWN, { ...APPROVAL }] },
    ]);
    assert.equal(steps[2]?.call, undefined);
  });
});

describe("a call that reaches nobody", () => {
  test("goes to the next level after 60 s, ahead of its time, and says so", () => {
    const steps = play([
      { at: 15, confirmed: false },
      { at: 15.5, confirmed: false },
      { at: 16, confirmed: false },
      { at: 17, confirmed: false },
    ]);
    assert.deepEqual(called(steps), ["slack:@lead pagerduty:platform", undefined, "slack:@vp", undefined]);
    assert.equal(steps[0]?.next, 16 * MINUTE);
    assert.match(steps[2]?.call?.text ?? "", /the last call has reached nobody within 1m/);
    assert.equal(steps[3]?.state.call, undefined, "nobody is left to call");
  });

  test("stays with its level once confirmed", () => {
    const steps = play([{ at: 15, confirmed: false }, { at: 15.5, confirmed: true }, { at: 17 }]);
    assert.deepEqual(called(steps), ["slack:@lead pagerduty:platform", undefined, undefined]);
  });
});

test("levels that differ in one thing alone are each a level of their own", () => {
  const others: readonly Partial<EscalationLevel>[] = [
    { after: 16 * MINUTE },
    { when: "needs-person" },
    { severities: ["P0"] },
    { notify: ["slack:@vp"] },
  ];
  for (const other of others) {
    const levels = [LEAD, { ...LEAD, ...other }];
    const needs = [TASK];
    const [first, ...rest] = play(
      [
        { at: 15, needs },
        { at: 16, needs },
      ],
      levels,
    );
    const { fired = [] } = rest.at(-1)?.state ?? first?.state ?? {};
    assert.equal(new Set(fired).size, 2, JSON.stringify(other));
  }
});

test("a call that reached nobody goes to the earliest level that is left, and to no further one before its own minute is over", () => {
  const steps = play(
    [
      { at: 0, needs: [TASK] },
      { at: 1, needs: [TASK], confirmed: false },
      { at: 1.5, needs: [TASK], confirmed: false },
    ],
    [ONCALL, VP, LEAD],
  );
  assert.deepEqual(called(steps), ["slack:@oncall", "slack:@lead pagerduty:platform", undefined]);
});

test("PagerDuty is to be told of each call that names it", () => {
  const pages = play([{ at: 15 }])[0]?.state.pages;
  assert.deepEqual(pages, {
    platform: { event: "trigger", at: 15 * MINUTE, text: "P0: not mitigated 15m after it opened" },
  });
});

type Wild = {
  wait: number;
  status: Incident["status"];
  severity: Incident["severity"];
  needs: readonly Need[];
  confirmed: boolean;
  acked: boolean;
};

/** One look further, holding the step to what must always be true. */
function lookOn(
  at: { now: number; incident: Incident; before: EscalationState | undefined },
  wild: Wild,
): EscalationStep {
  const { now, incident, before } = at;
  const step = escalationStep(LEVELS, { incident, needs: wild.needs, confirmed: wild.confirmed, now }, before);
  const { fired, causes, armedAt } = step.state;
  const kept = before?.causes.length === causes.length ? before.fired : [];
  assert.deepEqual(fired.slice(0, kept.length), kept, "without news, what has fired stays fired");
  assert.equal(new Set(fired).size, fired.length);
  assert.equal(step.call !== undefined, fired.length > kept.length);
  const rests = incident.acknowledged && incident.acknowledged.at >= armedAt && now < incident.acknowledged.until;
  assert.ok(!(step.call && rests), "no call while it is acknowledged");
  assert.ok(step.next === undefined || step.next > now);
  return step;
}

test("whatever happens, no level fires twice without something new, and none while acknowledged", () => {
  const wild: fc.Arbitrary<Wild> = fc.record({
    wait: fc.integer({ min: 0, max: 20 }),
    status: fc.constantFrom("open" as const, "mitigated" as const, "resolved" as const),
    severity: fc.constantFrom("P0" as const, "P1" as const, "P2" as const),
    needs: fc.subarray<Need>([UNKNOWN, APPROVAL, TASK, { kind: "failed_revert", key: "lease l", text: "l" }]),
    confirmed: fc.boolean(),
    acked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(wild, { maxLength: 30 }), (wilds) => {
      let [now, before]: [number, EscalationState | undefined] = [0, undefined];
      let more: Partial<Incident> = {};
      for (const one of wilds) {
        now += one.wait * MINUTE;
        if (one.acked) more = { acknowledged: { by: "anna", at: now, until: now + 30 * MINUTE } };
        const incident = incidentOf({ ...more, status: one.status, severity: one.severity });
        before = lookOn({ now, incident, before }, one).state;
      }
    }),
  );
});

test("a run that a person made an incident for is unmitigated to nobody, but calls whom it needs", () => {
  const incident = { key: "manual=inc-1" };
  const steps = play([
    { at: 20, incident },
    { at: 31, incident, needs: [UNKNOWN] },
  ]);
  assert.deepEqual(called(steps), [undefined, "slack:@oncall"]);
});
