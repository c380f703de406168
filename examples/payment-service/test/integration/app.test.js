import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { createApp } from '../../src/app.js';
import { createMetrics, createMetricsServer } from '../../src/metrics.js';
import { processPayment } from '../../src/payment.js';

let url;
let metricsUrl;
let ready = true;
let handlePayment = processPayment;
const servers = [];

async function listen(server) {
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

before(async () => {
  const metrics = createMetrics();
  const app = createApp({ metrics, processPayment: (body) => handlePayment(body), isReady: async () => ready });
  url = await listen(app.listen(0, '127.0.0.1'));
  metricsUrl = await listen(createMetricsServer(metrics.register).listen(0, '127.0.0.1'));
});

after(() => {
  for (const server of servers) {
    server.close();
  }
});

const pay = (body) =>
  fetch(`${url}/api/v1/payment`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

test('a payment is accepted under the path the ingress passes on', async () => {
  const response = await pay({ amount: 12000, currency: 'KRW', paymentMethod: 'card' });
  assert.equal(response.status, 201);
  assert.equal((await response.json()).status, 'accepted');
});

test('an invalid payment is the client’s error', async () => {
  const response = await pay({ amount: -1, currency: 'KRW', paymentMethod: 'card' });
  assert.equal(response.status, 400);
});

test('what fails inside stays inside', async (t) => {
  t.mock.method(console, 'error', () => {});
  handlePayment = async () => {
    throw new Error('connect ECONNREFUSED payment-db:5432');
  };
  const response = await pay({});
  handlePayment = processPayment;
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { error: 'internal error' });
});

test('readiness follows the database', async () => {
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  ready = false;
  assert.equal((await fetch(`${url}/ready`)).status, 503);
  ready = true;
});

test('metrics are served on their own port only', async () => {
  assert.equal((await fetch(`${url}/metrics`)).status, 404);
  const response = await fetch(`${metricsUrl}/metrics`);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /payments_total\{status="success",payment_method="card"\} 1/);
});
