-- What one UpdateLead writes, as one transaction of an application that talks to PostgreSQL and to nobody else: it
-- checks nothing and decides nothing. The same tables, columns, sizes, indexes, role and row-level security; values that
-- the product computes (hashes, names, JSON) are constants of the same size.
\set number random(0, :sales - 1)
\set lead_key 10000000 + :number
\set buyer_id 1 + :number % :buyers
\set status_id random(1, 6)
\set sub_status_id :status_id * 2 - random(0, 1)
\set amount random(0, 1) * random(1, 500)
\set gives_field random(1, 4) = 1
BEGIN;
SELECT sale.sale_id, sale.version AS version_before, sale.version + 1 AS version, sale.revenue AS revenue_before,
    sale.revenue + :amount AS revenue, coalesce(sale.status_id, 0) AS status_id_before,
    coalesce(sale.sub_status_id, 0) AS sub_status_id_before, sale.stage_reached, sale.updated AS updated_before,
    sale.update_count + 1 AS update_count, sale.sold_on, sale.campaign_id, sale.buyer_contract_id, sale.sale_type,
    sale.sold_price, sale.payout_share, sale.ledger_hash AS previous_hash, lead.lead_id,
    sale.field_values <> '{}' AS had_field, sale.field_values <> '{}' OR :gives_field AS has_field
FROM sale JOIN lead ON lead.network_id = :network_id AND lead.lead_key = sale.lead_key
WHERE sale.network_id = :network_id AND sale.lead_key = :lead_key AND sale.buyer_id = :buyer_id
FOR UPDATE OF sale
\gset
UPDATE sale SET version = :version, revenue = :revenue, revenue_set = true, status_id = :status_id,
    sub_status_id = :sub_status_id, status_happened_at = now(), stage_reached = :stage_reached,
    field_values = CASE WHEN :has_field THEN '{"1": "12500.0000"}'::jsonb ELSE '{}' END,
    return_state = NULL, return_reason_id = NULL, returned_at = NULL, updated = 1, update_count = :update_count,
    updated_at = now(), buyer_updated_first_at = coalesce(buyer_updated_first_at, now()), buyer_updated_at = now(),
    ledger_hash = '\x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f'
WHERE network_id = :network_id AND sale_id = :sale_id AND version = :version_before;
INSERT INTO lead_update (network_id, sale_id, version, received_at, happened_at, kind, counts_as_update, actor_kind,
    actor_id, actor, channel, address, request_id, operation, idempotency_key, flags, status_id_before, status_before,
    status_id_after, status_after, sub_status_id_before, sub_status_before, sub_status_id_after, sub_status_after,
    stage_reached_before, stage_reached_after, revenue_before, revenue_delta, revenue_after, field_changes,
    return_state_before, return_state_after, return_reason_id_before, return_reason_id_after, return_reason_after,
    updated_before, updated_after, sale_changes, note, run_id, previous_hash, hash)
VALUES (:network_id, :sale_id, :version, now(), now(), 'update', true, 'buyer',
    :buyer_id, 'Buyer 1', 'get', '127.0.0.1', '0064a1b2c3d4e5f6a7b8c9', 'UpdateLead',
    '0123456789abcdef0123456789abcdef', '{}', nullif(:status_id_before, 0), 'In Progress', :status_id, 'Contacted',
    nullif(:sub_status_id_before, 0), 'Documents', :sub_status_id, 'By phone', :stage_reached, :stage_reached,
    :revenue_before, :amount, :revenue, CASE WHEN :gives_field
        THEN '[{"field_id": 1, "field": "loan_amount", "before": null, "after": "12500.0000"}]'::jsonb ELSE '[]' END,
    NULL, NULL, NULL, NULL, NULL, :updated_before, 1, '{}', NULL, NULL, :previous_hash,
    '\x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f');
INSERT INTO lead_status_delta (network_id, sold_on, campaign_id, buyer_contract_id, sale_type, status_id,
    sub_status_id, updated, stage_reached, return_state, leads, sales, gross, revenue, payout)
VALUES (:network_id, :sold_on, :campaign_id, :buyer_contract_id, :sale_type, :status_id_before,
        :sub_status_id_before, :updated_before, :stage_reached, '', -1, -1, -(:sold_price::numeric), -(:revenue_before::numeric),
        -(:payout_share::numeric)),
    (:network_id, :sold_on, :campaign_id, :buyer_contract_id, :sale_type, :status_id,
        :sub_status_id, 1, :stage_reached, '', 1, 1, :sold_price, :revenue, :payout_share);
\if :had_field
INSERT INTO field_delta (network_id, sold_on, campaign_id, buyer_contract_id, sale_type, status_id,
    sub_status_id, updated, stage_reached, return_state, field_id, value_count, value_sum)
VALUES (:network_id, :sold_on, :campaign_id, :buyer_contract_id, :sale_type, :status_id_before,
    :sub_status_id_before, :updated_before, :stage_reached, '', 1, -1, -12500);
\endif
\if :has_field
INSERT INTO field_delta (network_id, sold_on, campaign_id, buyer_contract_id, sale_type, status_id,
    sub_status_id, updated, stage_reached, return_state, field_id, value_count, value_sum)
VALUES (:network_id, :sold_on, :campaign_id, :buyer_contract_id, :sale_type, :status_id,
    :sub_status_id, 1, :stage_reached, '', 1, 1, 12500);
\endif
INSERT INTO idempotency_key (network_id, caller, operation, key, fingerprint, answer, expires_at)
VALUES (:network_id, 'buyer:1', 'UpdateLead', gen_random_uuid(),
    '\x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f',
    '{"success": true, "message": "Lead updated", "lead_id": "10000000"}', now() + interval '31 days');
INSERT INTO outbox (network_id, topic, subject_id, payload)
VALUES (:network_id, 'sale.updated', :sale_id, '{"version": 2}');
COMMIT;
