// A typical JavaScript program: the same CSV, a number of calls in flight, the SDK's own retries.
//
// Usage: node update.mjs TARGETS ENDPOINT_URL CALLS
//
// It is meant to be a good program: one client for each Region, a connection that stays open for
// each call in flight. It prints a line of JSON for each target and fails if one failed.
// AWS_CA_BUNDLE names the file of the certificate authority, as with other SDKs.
import { createReadStream, readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { createInterface } from "node:readline";
import { LambdaClient, UpdateFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const [targets, endpoint, calls] = process.argv.slice(2);
const maxSockets = Number(calls);
const ca = process.env.AWS_CA_BUNDLE && readFileSync(process.env.AWS_CA_BUNDLE);
const requestHandler = new NodeHttpHandler({
  httpAgent: new HttpAgent({ keepAlive: true, maxSockets }),
  httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets, ca }),
});
const clients = new Map();

// The rows of a CSV file with a header, whose cells have no quotes.
async function* read(path) {
  let names;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const cells = line.split(",");
    if (names === undefined) {
      names = cells;
    } else {
      yield Object.fromEntries(names.map((name, index) => [name, cells[index]]));
    }
  }
}

function clientOf(region) {
  if (!clients.has(region)) {
    clients.set(region, new LambdaClient({ region, endpoint, requestHandler }));
  }
  return clients.get(region);
}

async function update(row) {
  const outcome = {
    function_name: row.FunctionName,
    account_id: row.AccountId,
    region: row.Region,
    status: "updated",
  };
  try {
    await clientOf(row.Region).send(
      new UpdateFunctionEventInvokeConfigCommand({
        FunctionName: row.FunctionName,
        MaximumRetryAttempts: Number(row.MaximumRetryAttempts),
        MaximumEventAgeInSeconds: Number(row.MaximumEventAgeInSeconds),
      }),
    );
  } catch (error) {
    outcome.status = "failed";
    outcome.error = String(error);
    process.exitCode = 1;
  }
  outcome.time = new Date().toISOString();
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

// The workers share one iterator: each takes the next row when its call has ended.
async function work(rows) {
  for (let next = await rows.next(); !next.done; next = await rows.next()) {
    await update(next.value);
  }
}

const rows = read(targets);
await Promise.all(Array.from({ length: maxSockets }, () => work(rows)));
