import { expect, describe as group, it } from "vitest";
import { describe, spoken, stateOf } from "./describe";
import { eight, row, scene, words } from "./testscene";

const minute = 60_000;
const camera = row("1", [{ from: eight, to: eight + 10 * minute }], [{ from: eight + 10 * minute, to: eight + 20 * minute, cause: "camera_offline" }]);

group("describe", () => {
  it("tells footage, gap and nothing apart", () => {
    expect(stateOf(camera, eight, words)).toBe("有录像");
    expect(stateOf(camera, eight + 10 * minute, words)).toBe("无录像：摄像头离线");
    expect(stateOf(camera, eight + 20 * minute, words)).toBe("无记录");
    expect(stateOf({ ...camera, loading: true }, eight + 20 * minute, words)).toBe("加载中");
    expect(stateOf({ ...camera, error: "没有权限" }, eight + 20 * minute, words)).toBe("没有权限");
  });

  it("writes seconds, and milliseconds when they can be seen", () => {
    expect(describe(scene(), camera, eight)).toBe("2026-11-24 08:00:00 坪东村1号 有录像");
    expect(describe(scene({ span: { from: eight, to: eight + 2000 } }), null, eight + 40)).toBe("2026-11-24 08:00:00.040");
  });
});

group("spoken", () => {
  it("says the moment and what the current row has then", () => {
    const limits = { from: eight - 3600_000, to: eight + 3600_000 };
    const s = scene({ rows: [camera], current: "1", cursor: eight + 12 * minute + 40, limits });
    expect(spoken(s)).toEqual({
      min: limits.from / 1000,
      max: limits.to / 1000,
      now: (eight + 12 * minute) / 1000,
      text: "2026-11-24 08:12:00 坪东村1号 无录像：摄像头离线",
    });
    expect(spoken({ ...s, current: null }).text).toBe("2026-11-24 08:12:00");
  });

  it("stays between its ends, and says the view when there is no cursor", () => {
    expect(spoken(scene({ cursor: eight - 9 * 3600_000 })).now).toBe(eight / 1000);
    expect(spoken(scene()).text).toBe("2026-11-24 08:00:00 – 2026-11-24 09:00:00");
  });
});
