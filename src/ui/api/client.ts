/** What the API answered instead of what was asked for. */
export class ApiFault extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "ApiFault";
    this.status = status;
    this.code = code;
  }
}

const tokenKey = "backfeed.token";
const listeners = new Set<() => void>();
let wanted = false;

/** The token lives as long as the tab: it is in no cookie, so no other page can make the browser send it. */
export const tokenStore = {
  /** Whether the API has refused what we sent; read with useSyncExternalStore. */
  isWanted: (): boolean => wanted,
  isKept: (): boolean => sessionStorage.getItem(tokenKey) !== null,
  keep(token: string): void {
    sessionStorage.setItem(tokenKey, token);
    setWanted(false);
  },
  forget(): void {
    sessionStorage.removeItem(tokenKey);
    setWanted(true);
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

export async function getJson<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return (await send(path, { ...(signal && { signal }) })).json();
}

export async function getBlob(path: string, signal?: AbortSignal): Promise<Blob> {
  return (await send(path, { ...(signal && { signal }) })).blob();
}

export async function postJson<Answer>(path: string, body: object): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  return (await send(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const token = sessionStorage.getItem(tokenKey);
  const headers = new Headers(init.headers);
  if (token !== null) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(`/api/v1${path}`, { ...init, headers, credentials: "omit" });
  if (response.ok) return response;
  if (response.status === 401) setWanted(true);
  const fault: { code?: string; message?: string } = await response.json().catch(() => ({}));
  throw new ApiFault(response.status, fault.code ?? "unknown", fault.message ?? `HTTP ${response.status}`);
}

function setWanted(value: boolean): void {
  wanted = value;
  for (const listener of listeners) listener();
}
