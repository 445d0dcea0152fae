import type { Redactor } from "../platform/redaction/index.ts";
import type { SecretService, SecretValue } from "../secrets/index.ts";

/** The same service; every value it opens is known to the redactor before anybody has it. */
export function toldToRedactor(service: SecretService, redactor: Redactor): SecretService {
  function told(value: SecretValue): SecretValue {
    redactor.add(value.name, value.reveal());
    return value;
  }
  return {
    ...service,
    open: async (...parameters) => told(await service.open(...parameters)),
    async value(...parameters) {
      const { secret, value } = await service.value(...parameters);
      return { secret, value: told(value) };
    },
  };
}
