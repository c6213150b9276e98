import assert from "node:assert/strict";
import { test } from "node:test";
import type { Undo } from "../../src/core/action.ts";
import { fieldOf, handedDown, isOneField, leaseField, leftToUndo } from "../../src/core/lease.ts";

const scale = (replicas: number, expected: number): Undo => ({
  uses: "k8s.scale",
  with: { namespace: "llm", name: "router", replicas, expected, allowDown: true },
});
const tasks = (desired: number, expected: number): Undo => ({
  uses: "ecs.scale",
  with: { cluster: "gateway", service: "litellm", desired, expected, allowDown: true },
});
type Change = { path: readonly string[]; value: unknown; expected: unknown; create: true };
const change = (path: string, value: unknown, expected: unknown): Change => ({
  path: path.split("."),
  value,
  expected,
  create: true,
});
const configmap = (...changes: readonly Change[]): Undo => ({
  uses: "k8s.patch-configmap",
  with: { name: "router", key: "config.yaml", changes },
});

test("two changes of one count, or of the same values in a file, are changes of one field", () => {
  assert.equal(leaseField({ undo: scale(2, 3) }), leaseField({ undo: scale(3, 4) }));
  assert.equal(leaseField({ undo: tasks(2, 3) }), leaseField({ undo: tasks(3, 4) }));
  const [first, second] = [
    configmap(change("a", 1, 2), change("b.c", true, false)),
    configmap(change("b.c", false, true), change("a", 2, 7)),
  ];
  assert.equal(leaseField({ undo: first }), leaseField({ undo: second }));
});

test("another thing, another action and other values in a file are other fields", () => {
  const other = { ...scale(2, 3), with: { ...scale(2, 3).with, name: "gateway" } };
  assert.notEqual(leaseField({ undo: other }), leaseField({ undo: scale(2, 3) }));
  assert.notEqual(
    leaseField({ undo: configmap(change("a", 1, 2)) }),
    leaseField({ undo: configmap(change("b", 1, 2)) }),
  );
  assert.notEqual(leaseField({ undo: configmap(change("a", 1, 2)) }), leaseField({ undo: { ...scale(1, 2) } }));
});

test("one target is one field however a step names it; another target, or another value of it, is not", () => {
  const lease = (undo: Undo, target: string) => ({ undo, field: fieldOf(undo, [target]) });
  const plain = lease({ uses: "k8s.scale", with: { name: "router", replicas: 1, expected: 2 } }, "k8s:prod/llm/router");
  const named = lease(scale(2, 3), "k8s:prod/llm/router");
  assert.ok(isOneField(plain, named));
  assert.ok(!isOneField(plain, lease(scale(2, 3), "k8s:test/llm/router")));
  assert.ok(!isOneField({ undo: plain.undo }, named), "one of an older version has no lock keys");
  assert.ok(isOneField({ undo: scale(1, 2) }, named));
  const [env, other] = ["A", "B"].map((name) => lease({ uses: "t.set", with: { name, value: 1 } }, "settings:gateway"));
  assert.ok(env && other && !isOneField(env, other));
});

test("what an older lease hands down restores its value where the younger one's is found", () => {
  assert.deepEqual(handedDown(scale(2, 3), scale(3, 4)), scale(2, 4));
  assert.deepEqual(handedDown(tasks(2, 3), tasks(3, 4)), tasks(2, 4));
});

test("what somebody else has changed between two leases is not handed over: the younger one restores what it found", () => {
  assert.deepEqual(handedDown(scale(2, 3), scale(5, 6)), scale(5, 6));
  const of = (uid: string, undo: Undo) => ({ ...undo, with: { ...undo.with, uid } });
  assert.deepEqual(handedDown(of("a", scale(2, 3)), of("a", scale(3, 4))), of("a", scale(2, 4)));
  assert.deepEqual(handedDown(of("a", scale(2, 3)), of("b", scale(3, 4))), of("b", scale(3, 4)), "it was made anew");
  assert.equal(fieldOf(of("a", scale(2, 3)), ["t"]), fieldOf(scale(2, 3), ["t"]), "older leases are on the same field");
  const older = configmap(change("a", 1, 2), change("b", "x", "y"));
  const younger = configmap(change("b", "by hand", "z"), change("a", 2, 3));
  assert.deepEqual(handedDown(older, younger), configmap(change("b", "by hand", "z"), change("a", 1, 3)));
});

test("values in a file are handed down one by one, each by its path", () => {
  const older = configmap(change("a", 1, 2), change("b", "x", "y"));
  const younger = configmap(change("b", "y", "z"), change("a", 2, 3));
  assert.deepEqual(handedDown(older, younger), configmap(change("b", "x", "z"), change("a", 1, 3)));
});

test("a value that one step changed twice is found as it was left, and restored as it was before", () => {
  const older = configmap(change("a", 1, 2), change("a", 0, 1));
  const younger = configmap(change("a", 3, 4), change("a", 2, 3));
  assert.deepEqual(handedDown(older, younger), configmap(change("a", 0, 4)));
});

test("after its run's own undoing a lease has left what was handed down to it, to be found as the run has left it", () => {
  assert.equal(leftToUndo(scale(2, 3), scale(2, 3)), undefined);
  assert.deepEqual(leftToUndo(scale(2, 4), scale(3, 4)), scale(2, 3));
  assert.deepEqual(leftToUndo(tasks(2, 4), tasks(3, 4)), tasks(2, 3));
  const left = leftToUndo(
    configmap(change("a", 1, 3), change("b.c", true, null)),
    configmap(change("b.c", null, null), change("a", 2, 3)),
  );
  assert.deepEqual(left, configmap(change("a", 1, 2), change("b.c", true, null)));
});
