-- How a refund is split over the lines of its order, where the platform tells. `weight` is a share of the refund, not an amount of its own.
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
