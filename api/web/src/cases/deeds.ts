import { answer, server } from "@/server/client";
import { iso } from "@/time/shanghai";
import type { Ms } from "@/time/span";

/** useCaseDeeds does things with a case. Each throws a Failure. */
export function useCaseDeeds(id: () => string) {
  const params = () => ({ path: { case: id() } });
  const decide = (approve: boolean) => (note: string) => answer(server.POST("/api/v1/cases/{case}/approval", { params: params(), body: { approve, note } }));
  return {
    approve: decide(true),
    refuse: decide(false),
    end: (note: string) => answer(server.POST("/api/v1/cases/{case}/closing", { params: params(), body: { note } })),
    review: (note: string) => answer(server.POST("/api/v1/cases/{case}/reviews", { params: params(), body: { note } })),
    adopt: (number: string, kind: string) => answer(server.POST("/api/v1/cases/{case}/adoption", { params: params(), body: { number, class: kind } })),
    setMembers: (members: string[]) => answer(server.PUT("/api/v1/cases/{case}/members", { params: params(), body: { members } })),
    grow: (camera: string, at: Ms) => answer(server.POST("/api/v1/cases/{case}/hops", { params: params(), body: { camera, at: iso(at) } })),
  };
}
