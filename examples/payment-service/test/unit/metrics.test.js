import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createMetrics } from '../../src/metrics.js';

const request = (fields) => ({ method: 'GET', baseUrl: '', ...fields });

async function durationsAfter(req) {
  const metrics = createMetrics();
  const res = Object.assign(new EventEmitter(), { statusCode: 200 });
  metrics.measure(req, res, () => {});
  res.emit('close');
  return metrics.register.getSingleMetricAsString('http_request_duration_seconds');
}

test('a request is counted under its route, not under its URL', async () => {
  const text = await durationsAfter(request({ url: '/api/v1/payment/4711', route: { path: '/api/v1/payment/:id' } }));
  assert.match(text, /_count\{method="GET",route="\/api\/v1\/payment\/:id",status="200"\} 1/);
  assert.doesNotMatch(text, /4711/);
});

test('requests without a route share one series', async () => {
  const text = await durationsAfter(request({ url: '/wp-login.php?x=1' }));
  assert.match(text, /_count\{method="GET",route="unmatched",status="200"\} 1/);
  assert.doesNotMatch(text, /wp-login/);
});

test('a payment method nobody knows is counted as other', async () => {
  const metrics = createMetrics();
  metrics.countPayment('failure', 'x'.repeat(1000));
  metrics.countPayment('success', 'card');
  const text = await metrics.register.getSingleMetricAsString('payments_total');
  assert.match(text, /payments_total\{status="failure",payment_method="other"\} 1/);
  assert.match(text, /payments_total\{status="success",payment_method="card"\} 1/);
});
