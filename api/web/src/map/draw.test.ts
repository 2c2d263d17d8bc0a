import { beforeEach, describe, expect, it } from "vitest";
import type { Hand } from "./draw";
import { cornersMost, destination, distance } from "./geometry";
import { at, home, points, radius, TestPointer } from "./testpointer";
import type { Point, Shape } from "./types";

let p: TestPointer;
let hand: Hand;
let drawn: Shape[];
beforeEach(() => {
  p = new TestPointer();
  hand = p.hand;
  drawn = p.made;
});

describe("a circle by hand", () => {
  it("is drawn by a drag", () => {
    hand.begin("circle");
    expect(p.down(home)).toBe(false);
    p.send("pointerdrag", at(250));
    expect(radius(p.shown)).toBe(250);
    expect(p.send("pointerup", at(300)).click).toBe(false);
    expect(drawn.map(radius)).toEqual([300]);
    expect(p.said).toEqual(["circle", null]);
  });
  it("is drawn by two clicks, and the late single click is no pick", () => {
    hand.begin("circle");
    p.click(home);
    const first = p.pressed;
    expect(drawn).toEqual([]);
    p.send("pointermove", at(90));
    expect(radius(p.shown)).toBe(90);
    p.click(at(120));
    expect(drawn.map(radius)).toEqual([120]);
    expect(hand.mine(first)).toBe(true);
    p.click(at(4000));
    expect(hand.mine(p.pressed)).toBe(false);
  });
  it("reaches 20 km and no further", () => {
    hand.begin("circle");
    p.down(home);
    p.send("pointerdrag", at(50_000));
    p.send("pointerup", at(50_000));
    expect(drawn.map(radius)).toEqual([20_000]);
  });
  it("is given up by Escape, and what stood stands again", () => {
    const old: Shape = { kind: "circle", circle: { lon: 105, lat: 25, radius: 500 } };
    p.hold.stand(old);
    hand.begin("circle");
    expect(p.shown).toBe(null);
    p.click(home);
    expect(hand.key("x")).toBe(false);
    expect(hand.key("Escape")).toBe(true);
    expect(p.shown).toEqual(old);
    expect(drawn).toEqual([]);
    expect(hand.key("Escape")).toBe(false);
  });
});

describe("a polygon by hand", () => {
  const corners: Point[] = [at(0), at(200), destination(at(100), 0, 200)];
  it("is closed at its first corner", () => {
    hand.begin("polygon");
    corners.forEach((c) => p.click(c));
    expect(drawn).toEqual([]);
    p.click(at(3));
    expect(points(drawn[0])).toHaveLength(3);
    points(drawn[0]).forEach((at, i) => expect(distance(at, corners[i]!)).toBeLessThan(0.01));
    expect(p.said).toEqual(["polygon", null]);
  });
  it("is closed by a double click, which does not zoom", () => {
    hand.begin("polygon");
    corners.forEach((c) => p.click(c));
    p.click(corners[2]!);
    expect(drawn).toHaveLength(1);
    expect(p.send("dblclick", corners[2]!).on).toBe(false);
  });
  it("has three corners at least", () => {
    hand.begin("polygon");
    p.click(corners[0]!);
    p.click(corners[1]!);
    p.click(corners[1]!);
    expect(hand.key("Enter")).toBe(false);
    expect(drawn).toEqual([]);
    p.click(corners[2]!);
    expect(hand.key("Backspace")).toBe(true);
    expect(hand.key("Enter")).toBe(false);
    p.click(corners[2]!);
    expect(hand.key("Enter")).toBe(true);
    expect(drawn).toHaveLength(1);
  });
  it("lets the map be dragged", () => {
    hand.begin("polygon");
    expect(p.down(home)).toBe(true);
  });
  it("has no more corners than the server reads", () => {
    hand.begin("polygon");
    for (let i = 0; i < 60 && drawn.length === 0; i++) p.click(at(i * 100));
    expect(points(drawn[0])).toHaveLength(cornersMost);
  });
});
