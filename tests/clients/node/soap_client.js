// The SOAP client of npm: makes the calls that standard input tells, and prints what it understood of the answers.
"use strict";

const fs = require("node:fs");
const soap = require("soap");

async function main() {
  const told = JSON.parse(fs.readFileSync(0, "utf8"));
  const client = await soap.createClientAsync(told.wsdl, {
    disableCache: true,
    forceSoap12Headers: told.port === "leadsSoap12",
  });
  if (told.key !== "") {
    client.setSecurity(new soap.BasicAuthSecurity(told.key, ""));
  }
  const port = client.leads[told.port];
  const heard = [];
  for (const [operation, parameters] of told.calls) {
    heard.push(
      await new Promise((resolve) => {
        port[operation](parameters, (error, answer) => {
          resolve(error ? { fault: error.message } : answer[`${operation}Result`]);
        });
      }),
    );
  }
  process.stdout.write(JSON.stringify(heard));
}

main();
