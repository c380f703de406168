import { randomUUID } from 'node:crypto';

/** A payment that cannot be accepted as it was sent. */
export class InvalidPayment extends Error {}

/** Checks a payment and gives it an id. */
export async function processPayment({ amount, currency, paymentMethod } = {}) {
  if (!Number.isSafeInteger(amount) || amount <= 0) {
    throw new InvalidPayment('amount must be a positive integer in the smallest unit of the currency');
  }
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw new InvalidPayment('currency must be an ISO 4217 code, for example KRW');
  }
  if (typeof paymentMethod !== 'string' || paymentMethod === '') {
    throw new InvalidPayment('paymentMethod is missing');
  }
  return { id: randomUUID(), status: 'accepted', amount, currency, paymentMethod };
}
