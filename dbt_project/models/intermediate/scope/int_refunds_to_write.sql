-- Refunds whose rows are written anew: the changed ones, and all refunds of changed orders, because they share the order's amounts. One
-- list holds both, like int_orders_to_write. A refund that stood inside a changed order and is gone from it is in no list: a table that
-- held it forgets it by its order. One row per refund; none in a full build, which needs no list.
select platform, store_id, refund_id
from {{ ref('int_changed_refunds') }}

union

select platform, store_id, refund_id
from (
    {{ union_staging('refunds') }}
) as refunds
where {{ in_changed_orders('refunds') }}
