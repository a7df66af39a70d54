import type { Finding } from "../model/finding.ts";
import type { Labels } from "../model/labels.ts";
import type { Rule } from "../model/rule.ts";

/** Which deploys concern a finding. */
export interface DeploySubject {
  readonly services: readonly string[];
  /** Undefined: any. */
  readonly environment: string | undefined;
}

/*
 * Names under which logs and metrics carry a service and its environment: OpenTelemetry and Elastic Common Schema first,
 * then what Prometheus, Kubernetes and hand-written logs use. The first that is there counts.
 */
const serviceNames = [
  "service.name",
  "service_name",
  "service",
  "app.kubernetes.io/name",
  "app_kubernetes_io_name",
  "kubernetes.labels.app",
  "app",
  "application",
  "k8s.deployment.name",
  "kubernetes.deployment.name",
  "deployment",
  "k8s.container.name",
  "kubernetes.container.name",
  "container",
  "job",
];
/** A namespace is an environment for some and a team for others: one that no deploy names is not held against a deploy. */
const environmentNames = [
  "service.environment",
  "deployment.environment.name",
  "deployment.environment",
  "deployment_environment",
  "environment",
  "env",
  "stage",
  "k8s.namespace.name",
  "kubernetes.namespace_name",
  "kubernetes.namespace",
  "namespace",
];

const mostServices = 20;

/**
 * The services and the environment a finding is about, from its group labels, its alerts' labels and the rule's `where`, in
 * this order. No services where nothing names one. Pure.
 */
export function deploySubject(finding: Pick<Finding, "groupLabels" | "worst" | "others">, rule: Rule): DeploySubject {
  const alerts = [finding.worst, ...finding.others].map(({ labels }) => labels);
  const where = Object.entries(rule.signal.where).flatMap(([name, values]) =>
    values.map((value): Labels => ({ [name]: String(value) })),
  );
  const valuesOf = (names: readonly string[]): readonly string[] => {
    for (const place of [[finding.groupLabels], alerts, where]) {
      const found = new Set(place.flatMap((labels) => firstOf(names, labels) ?? []));
      if (found.size > 0) return [...found];
    }
    return [];
  };
  const environments = valuesOf(environmentNames);
  return {
    services: valuesOf(serviceNames).slice(0, mostServices),
    // Of several none can be held against a deploy.
    environment: environments.length === 1 ? environments[0] : undefined,
  };
}

function firstOf(names: readonly string[], labels: Labels): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(labels, name) ? labels[name]?.trim() : undefined;
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}
