import { keepPreviousData, QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type {
  Evidence,
  FindingDetail,
  FindingSummary,
  MaintenanceAnswer,
  OutboxEntry,
  Page,
  RulePage,
  RuleRun,
  SilenceAnswer,
  SilenceRequest,
  TicketAct,
  TicketDetail,
  TicketItem,
  WaitingAnswer,
} from "./answers.ts";
import { ApiFault, getBlob, getJson, postJson } from "./client.ts";

/** How often a page that is looked at asks again. */
const refreshMs = 30_000;
const maxRetries = 2;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        refetchInterval: refreshMs,
        staleTime: refreshMs / 2,
        placeholderData: keepPreviousData,
        // What the API refuses it will refuse again; what it could not do now it may soon.
        retry: (failures, error) => failures < maxRetries && !(error instanceof ApiFault && error.status < 500),
      },
    },
  });
}

export type FindingFilter = Readonly<
  Record<"state" | "band" | "rule" | "reason" | "storm" | "cursor", string | undefined>
>;

export function useFindings(filter: FindingFilter) {
  const path = `/findings${search(filter)}`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => getJson<Page<FindingSummary>>(path, signal) });
}

export function useWaiting() {
  return useQuery({ queryKey: ["/waiting"], queryFn: ({ signal }) => getJson<WaitingAnswer>("/waiting", signal) });
}

export function useFinding(id: string) {
  const path = `/findings/${encodeURIComponent(id)}`;
  return useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => getJson<FindingDetail>(path, signal),
    placeholderData: undefined,
  });
}

export function useEvidence(id: string, wanted: boolean) {
  const path = `/findings/${encodeURIComponent(id)}/evidence`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => getJson<Evidence>(path, signal), enabled: wanted });
}

export function useTickets(cursor: string | undefined) {
  const path = `/tickets${search({ cursor })}`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => getJson<Page<TicketItem>>(path, signal) });
}

export function useTicket(key: string) {
  const path = ticketPath(key);
  return useQuery({
    queryKey: [path],
    queryFn: ({ signal }) => getJson<TicketDetail>(path, signal),
    placeholderData: undefined,
  });
}

export function useRules(cursor: string | undefined) {
  const path = `/rules${search({ cursor })}`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => getJson<RulePage>(path, signal) });
}

export function useSilences(cursor: string | undefined) {
  const path = `/silences${search({ cursor })}`;
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => getJson<Page<SilenceAnswer>>(path, signal) });
}

export function useMaintenance() {
  const path = "/maintenance";
  return useQuery({ queryKey: [path], queryFn: ({ signal }) => getJson<Page<MaintenanceAnswer>>(path, signal) });
}

/** An image that needs the token, as a URL for `img`; it is given back when the page no longer shows it. */
export function useImage(path: string) {
  const { data, error } = useQuery({ queryKey: [path], queryFn: ({ signal }) => getBlob(path, signal) });
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (data === undefined) return;
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return { url, error };
}

/** Anything that is done on a local ticket; the answer is the ticket as it is then. */
export function useTicketAct(key: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ act, body }: TicketAct) => postJson<TicketDetail>(`${ticketPath(key)}/${act}`, body),
    onSuccess: (detail) =>
      client.setQueryData([ticketPath(key)], (before: TicketDetail | undefined) => ({ ...before, ...detail })),
  });
}

export function useRetry() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => postJson<OutboxEntry>(`/outbox/${encodeURIComponent(id)}/retry`, {}),
    onSuccess: ({ findingId }) => client.invalidateQueries({ queryKey: [`/findings/${findingId}`] }),
  });
}

export function useRunRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => postJson<RuleRun>(`/rules/${encodeURIComponent(id)}/run`, {}),
    onSuccess: () => client.invalidateQueries(),
  });
}

/** One after another, since all of them are one wish: what fails ends it. */
export function useSilence() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (requests: readonly SilenceRequest[]) => {
      for (const request of requests) await postJson<SilenceAnswer>("/silences", request);
    },
    onSettled: () => client.invalidateQueries(),
  });
}

export function useEndSilence() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => postJson<SilenceAnswer>(`/silences/${encodeURIComponent(id)}/end`, {}),
    onSettled: () => client.invalidateQueries(),
  });
}

export function useRefile(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => postJson<object>(`/findings/${encodeURIComponent(id)}/refile`, {}),
    onSettled: () => client.invalidateQueries(),
  });
}

function ticketPath(key: string): string {
  return `/tickets/${encodeURIComponent(key)}`;
}

function search(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}
