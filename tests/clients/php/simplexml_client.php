<?php
// Calls by HTTP GET and reads the answers as CAKE's PHP users do, with SimpleXML.
$told = json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR);
$heard = [];
foreach ($told['calls'] as [$operation, $parameters]) {
    $query = http_build_query($parameters + ['api_key' => $told['key']]);
    $answer = simplexml_load_string(file_get_contents("{$told['url']}/$operation?$query"));
    $reasons = [];
    foreach ($answer->return_reasons->return_reason ?? [] as $reason) {
        $named = $reason->children('API:id_name_store');
        $reasons[] = [(int) $named->return_reason_id, (string) $named->return_reason_name];
    }
    $heard[] = [
        'root' => $answer->getName(),
        'success' => (string) $answer->success,
        'message' => (string) $answer->message,
        'lead_id' => (string) $answer->lead_id,
        'row_count' => (string) $answer->row_count,
        'reasons' => $reasons,
    ];
}
echo json_encode($heard, JSON_THROW_ON_ERROR);
