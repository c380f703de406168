import express from 'express';
import { InvalidPayment } from './payment.js';

/** Creates the public application; the ingress passes paths on as they are. */
export function createApp({ metrics, processPayment, isReady }) {
  const app = express();
  app.disable('x-powered-by');

  app.get('/health', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/ready', async (_req, res) => {
    const ready = await isReady();
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'database unreachable' });
  });

  // Behind the probes, which would otherwise be most of what is measured.
  app.use(metrics.measure);
  app.use(express.json({ limit: '16kb' }));

  app.post('/api/v1/payment', async (req, res) => {
    try {
      const payment = await processPayment(req.body);
      metrics.countPayment('success', payment.paymentMethod);
      res.status(201).json(payment);
    } catch (error) {
      metrics.countPayment('failure', req.body?.paymentMethod);
      throw error;
    }
  });

  app.use((error, _req, res, _next) => {
    if (error instanceof InvalidPayment) {
      res.status(400).json({ error: error.message });
      return;
    }
    const status = error.status ?? 500;
    if (status >= 500) {
      console.error(JSON.stringify({ level: 'error', message: error.message, stack: error.stack }));
    }
    // A server's own errors name hosts and queries; a client gets none of that.
    res.status(status).json({ error: status < 500 ? error.message : 'internal error' });
  });
  return app;
}
