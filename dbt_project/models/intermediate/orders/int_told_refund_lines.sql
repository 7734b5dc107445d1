-- What refunds tell of the lines they give back, where the platform does: shares of what was given back, not amounts of their own.
-- One row per refund and line.
{{ config(materialized='view') }}

select
    platform,
    store_id,
    refund_id,
    line_id,
    sum(refund_goods) as weight,
    sum(quantity) as units
from (
    {{ union_staging('refund_lines') }}
) as refund_lines
where {{ is_heard('refund_lines', 'refunds', 'refund_id') }}
group by platform, store_id, refund_id, line_id
