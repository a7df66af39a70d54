import { Button, Group } from "@mantine/core";

/** Forward by cursor; back is the browser's own. */
export function Pager(props: {
  next: string | null;
  cursor: string | undefined;
  go(cursor: string | undefined): void;
}) {
  const { next, cursor, go } = props;
  if (next === null && cursor === undefined) return null;
  return (
    <Group component="nav" aria-label="Pages of this list" gap="xs" mt="sm">
      <Button variant="default" size="xs" disabled={cursor === undefined} onClick={() => go(undefined)}>
        First page
      </Button>
      <Button variant="default" size="xs" disabled={next === null} onClick={() => next !== null && go(next)}>
        Next page
      </Button>
    </Group>
  );
}
