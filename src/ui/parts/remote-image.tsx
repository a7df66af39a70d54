import { useImage } from "../api/queries.ts";
import { Problem } from "./problem.tsx";

/** An image of the API; its place is kept while it loads. */
export function RemoteImage({ path, alt }: { path: string; alt: string }) {
  const { url, error } = useImage(path);
  if (url === undefined) return error === null ? <div className="image-place" /> : <Problem error={error} />;
  return <img src={url} alt={alt} className="remote-image" />;
}
