<?php
// PHP's own SOAP client: makes the calls that standard input tells, and prints what it understood of the answers.
$told = json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR);
$options = [
    'soap_version' => $told['port'] === 'leadsSoap12' ? SOAP_1_2 : SOAP_1_1,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'exceptions' => true,
];
if ($told['key'] !== '') {
    $options += ['login' => $told['key'], 'password' => ''];
}
$client = new SoapClient($told['wsdl'], $options);
$heard = [];
foreach ($told['calls'] as [$operation, $parameters]) {
    try {
        $answer = $client->__soapCall($operation, [$parameters]);
        $heard[] = $answer->{$operation . 'Result'};
    } catch (SoapFault $fault) {
        $heard[] = ['fault' => $fault->getMessage()];
    }
}
echo json_encode($heard, JSON_THROW_ON_ERROR);
