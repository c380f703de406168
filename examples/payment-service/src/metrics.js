import { createServer } from 'node:http';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

const PAYMENT_METHODS = new Set(['card', 'account', 'points']);

/** Creates the service's metrics, in a registry of their own so that tests do not share one. */
export function createMetrics() {
  const register = new Registry();
  collectDefaultMetrics({ register });

  const requestDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests in seconds',
    labelNames: ['method', 'route', 'status'],
    // Up to the server's timeout: a payment with all its retries takes 43 seconds.
    buckets: [0.1, 0.5, 1, 2, 5, 10, 20, 45],
    registers: [register],
  });

  const payments = new Counter({
    name: 'payments_total',
    help: 'Total number of payment attempts',
    labelNames: ['status', 'payment_method'],
    registers: [register],
  });

  return {
    register,
    /** Express middleware that measures every request, aborted ones too. */
    measure(req, res, next) {
      const end = requestDuration.startTimer({ method: req.method });
      res.once('close', () => end({ route: routeOf(req), status: res.statusCode }));
      next();
    },
    /** Counts a payment attempt; `status` is `success` or `failure`. */
    countPayment(status, paymentMethod) {
      // What a client sends must not become a label: each new value is a new time series.
      const method = PAYMENT_METHODS.has(paymentMethod) ? paymentMethod : 'other';
      payments.inc({ status, payment_method: method });
    },
  };
}

/** Creates the server for Prometheus; its port is not the public one. */
export function createMetricsServer(register) {
  return createServer(async (req, res) => {
    if (req.url !== '/metrics') {
      res.writeHead(404).end();
      return;
    }
    try {
      const body = await register.metrics();
      res.writeHead(200, { 'Content-Type': register.contentType }).end(body);
    } catch (error) {
      console.error(JSON.stringify({ level: 'error', message: `metrics: ${error.message}` }));
      res.writeHead(500).end();
    }
  });
}

/** The route's pattern, never the URL: paths with ids would be a time series each. */
function routeOf(req) {
  return req.route ? `${req.baseUrl}${req.route.path}` : 'unmatched';
}
