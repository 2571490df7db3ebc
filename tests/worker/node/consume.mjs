// BullMQ's own consumer for Node: notes when it got each job; SIGTERM makes it print the waits.
import { Worker } from "bullmq";

const [host, port, queue, slots] = process.argv.slice(2);
const waits = [];
const worker = new Worker(
  queue,
  async (job) => {
    const nowMs = performance.timeOrigin + performance.now();
    waits.push(nowMs - job.data.sent_ns / 1e6);
    return {};
  },
  { connection: { host, port: Number(port) }, concurrency: Number(slots) },
);
process.on("SIGTERM", async () => {
  await worker.close();
  console.log(JSON.stringify(waits));
  process.exit(0);
});
