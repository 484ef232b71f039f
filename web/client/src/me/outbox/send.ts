/** How each kind of action reaches the server. */
import { api } from "../../api";
import { ApiProblem } from "../../problem";
import type { Action, Answer } from "./action";
import { photo } from "./store";

/** A photo whose bytes the browser has cleared away cannot be sent, and that has to be seen. */
const LOST = { code: "photo.lost" };
const GONE = 410;

export async function send(action: Action): Promise<Answer> {
  switch (action.kind) {
    case "step":
      return api.step(action.subject, {
        action: action.action,
        note: action.note,
        version: action.version,
        key: action.key,
      });
    case "report":
      return api.report(action.report, action.key);
    case "task":
      await api.finishTask(action.subject, action.result, action.key);
      return {};
    case "photo": {
      const jpeg = await photo(action.key);
      if (!jpeg || !action.incident) throw new ApiProblem(GONE, LOST);
      await api.addPhoto(action.incident, new Blob([jpeg], { type: "image/jpeg" }), {
        key: action.key,
        ...(action.step ? { step_key: action.step } : {}),
        ...(action.report ? { report_key: action.report } : {}),
      });
      return {};
    }
  }
}
