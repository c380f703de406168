import { connect } from 'node:net';
import { createApp } from './app.js';
import { createMetrics, createMetricsServer } from './metrics.js';
import { processPayment } from './payment.js';

const metrics = createMetrics();
const app = createApp({ metrics, processPayment, isReady: databaseAnswers });
const servers = [app.listen(3000), createMetricsServer(metrics.register).listen(9090)];
console.log(JSON.stringify({ level: 'info', message: 'listening on 3000, metrics on 9090' }));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    // Requests under way are answered; the process ends with the last of them.
    for (const server of servers) {
      server.close();
    }
  });
}

/** Whether the database accepts connections. */
function databaseAnswers() {
  const host = process.env.DB_HOST;
  return new Promise((resolve) => {
    if (!host) {
      resolve(false);
      return;
    }
    const socket = connect({ host, port: 5432, timeout: 1000 });
    const answer = (reached) => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}
