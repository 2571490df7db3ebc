// The backend's side: signs a payload, puts it into the queue with BullMQ's own package, and prints
// what it hears of each job as a line of JSON. What to do comes as one object on stdin.
import { createHmac } from "node:crypto";
import { Queue, QueueEvents } from "bullmq";

const input = JSON.parse(await new Response(process.stdin).text());
const connection = { host: "127.0.0.1", port: input.port };
const queue = new Queue(input.queue, { connection });
const events = new QueueEvents(input.queue, { connection });

function signed(payload) {
  const body = JSON.stringify(payload);
  const mac = createHmac("sha256", input.key);
  mac.update(`protostar.v1\n${input.keyId}\n${body}`);
  return { body, keyId: input.keyId, signature: mac.digest("hex") };
}

const stages = new Map();
events.on("progress", ({ jobId, data }) => {
  stages.set(jobId, [...(stages.get(jobId) ?? []), data.stage]);
});

async function outcome(job) {
  try {
    const value = await job.waitUntilFinished(events, 20_000);
    return { id: job.id, stages: stages.get(job.id) ?? [], value };
  } catch (error) {
    return { id: job.id, stages: stages.get(job.id) ?? [], reason: error.message };
  }
}

await events.waitUntilReady();
const jobs = await Promise.all(
  input.payloads.map((payload) =>
    queue.add(payload.kind ?? "ask", signed(payload), { jobId: payload.messageId, ...input.opts }),
  ),
);
for (const found of await Promise.all(jobs.map(outcome))) console.log(JSON.stringify(found));
await events.close();
await queue.close();
