import { Button, PasswordInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { tokenStore } from "../api/client.ts";

/** Stands in for the pages when the API does not know us. */
export function TokenForm() {
  const client = useQueryClient();
  const [refused] = useState(tokenStore.isKept);
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() === "") return;
    tokenStore.keep(token.trim());
    void client.resetQueries();
  };
  return (
    <form onSubmit={submit} className="token-form">
      <h1>Who is asking?</h1>
      <p className="dimmed">
        These pages need a token of Backfeed's configuration (server.auth.tokens). It is kept until this tab is closed.
      </p>
      <PasswordInput
        label="Token"
        autoComplete="off"
        value={token}
        error={refused ? "The last token was not accepted." : undefined}
        onChange={(event) => setToken(event.currentTarget.value)}
        data-autofocus
      />
      <Button type="submit" mt="md">
        Continue
      </Button>
    </form>
  );
}
