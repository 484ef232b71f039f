/** Requests about duties, the admission list, recurring work and visits. */
import { get, part, post, put } from "../api";
import type { Channel, Covered, Department, Duty, Handover, MatterItem, MatterRequest, MatterWish, OpenWork, PersonRow, Rank, TaskRule, Vacancy, Ways } from "./contract";

export const dutyApi = {
  roster: (area: string | undefined, signal?: AbortSignal) =>
    get<{ duties: Duty[] }>("/duties", { area }, { signal }).then((answer) => answer.duties),
  vacancies: (area: string | undefined, signal?: AbortSignal) =>
    get<{ vacancies: Vacancy[] }>("/vacancies", { area }, { signal }).then((answer) => answer.vacancies),
  people: (q: string, signal?: AbortSignal) =>
    get<{ people: PersonRow[] }>("/people", { q }, { signal }).then((answer) => answer.people),
  appoint: (wanted: { person_id: string; unit_code: string; rank: Rank; since: string; until: string | null }) =>
    post<{ duty_id: number }>("/duties", wanted),
  leave: (person: string, when: { since: string; until: string; reason: string }) =>
    post<null>(`/people/${part(person)}/leave`, when),
  openWork: (person: string) => get<OpenWork>(`/people/${part(person)}/open-work`),
  handOver: (person: string, wanted: { last_day: string; reason: string; successors: Record<string, string> }) =>
    post<Handover>(`/people/${part(person)}/handover`, wanted),
  handovers: () => get<{ handovers: Handover[] }>("/handovers").then((answer) => answer.handovers),

  matters: () => get<{ matters: MatterItem[] }>("/matters").then((answer) => answer.matters),
  requests: () => get<{ requests: MatterRequest[] }>("/matter-requests").then((answer) => answer.requests),
  ask: (wish: MatterWish) => post<MatterRequest>("/matter-requests", wish),
  decide: (id: string, approve: boolean, note: string) =>
    post<MatterRequest>(`/matter-requests/${part(id)}/decision`, { approve, note }),
  withdraw: (id: string) => post<MatterRequest>(`/matter-requests/${part(id)}/withdraw`),

  ways: () => get<Ways>("/notice-ways"),
  setRoleWays: (role: string, channels: readonly Channel[]) => put<null>("/notice-ways/roles", { role, channels }),
  setPersonWays: (person: string, channels: readonly Channel[]) => put<null>(`/notice-ways/people/${part(person)}`, { channels }),
  tryWay: (channel: Channel) => post<{ taken: boolean; code: string | null }>("/notice-ways/trial", { channel }),

  departments: () => get<{ departments: Department[] }>("/departments").then((answer) => answer.departments),
  seat: (department: string, person: string) => post<null>("/departments/seats", { department, person_id: person }),
  unseat: (department: string, person: string) => post<null>("/departments/seats/end", { department, person_id: person }),

  rules: () => get<{ rules: TaskRule[] }>("/task-rules").then((answer) => answer.rules),
  makeRule: (wish: { title: string; kind: string; territory_code: string; level: string; period: string; since: string }) =>
    post<TaskRule>("/task-rules", wish),
  endRule: (id: string) => post<null>(`/task-rules/${part(id)}/end`),
  coverage: (since: string, until: string, area: string | undefined, signal?: AbortSignal) =>
    get<{ grids: Covered[] }>("/visits/coverage", { since, until, area }, { signal }).then((answer) => answer.grids),
};
