import { coded, expect, facts, look, off, playing, test } from "./site";

const { codings } = facts;
const frame = 1000 / codings.fps;

for (const camera of codings.cameras.filter((c, i, all) => all.findIndex((d) => d.coding === c.coding) === i)) {
  test(`${camera.coding} shows its pictures, and sounds where there is sound`, async ({ page }) => {
    await page.goto(coded([camera]));
    await playing(page, 1);
    const foreign = !camera.coding.startsWith("h264"); // Debian's Chromium plays neither
    await expect(page.locator(".tile .way", { hasText: "转码预览" })).toHaveCount(foreign ? 1 : 0);
    await page.keyboard.press("m");
    await page.keyboard.press("k"); // an address restores a view, and it stands
    await page.waitForTimeout(1000);
    for (let i = 0; i < 6; i++) {
      const l = await look(page);
      const d = off(l.numbers[0]!, l.clock, codings);
      expect(d).toBeGreaterThan(-frame - 200);
      expect(d).toBeLessThan(300);
      await page.waitForTimeout(130);
    }
    const sound = await page.evaluate(async () => {
      const v = document.querySelector<HTMLVideoElement>(".tile video")!;
      const context = new AudioContext();
      await context.resume();
      const analyser = context.createAnalyser();
      context.createMediaElementSource(v).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      let loudest = 0;
      for (let i = 0; i < 10; i++) {
        await new Promise((done) => setTimeout(done, 100));
        analyser.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, ...samples.map(Math.abs));
      }
      return { muted: v.muted, loudest };
    });
    expect(sound.muted).toBe(false);
    if (camera.coding.includes("+")) expect(sound.loudest).toBeGreaterThan(0.05);
    else expect(sound.loudest).toBe(0);
    // Elsewhere, too, and to the frame.
    await page.keyboard.press("k");
    await page.keyboard.press("g");
    await page.fill("#goto", new Date(codings.from + 4 * 60_000 + 13_120 + 8 * 3600_000).toISOString().slice(0, 23).replace("T", " "));
    await page.keyboard.press("Enter");
    const want = Math.floor(((4 * 60_000 + 13_120) / 1000) * codings.fps) % codings.frames;
    await expect.poll(async () => (await look(page)).numbers[0], { timeout: 10_000 }).toBe(want);
    await page.keyboard.press("ArrowRight");
    await expect.poll(async () => (await look(page)).numbers[0]).toBe(want + 1);
    await page.keyboard.press("ArrowLeft");
    await expect.poll(async () => (await look(page)).numbers[0]).toBe(want);
  });
}
