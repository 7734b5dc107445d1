-- Orders whose rows are written anew: the changed ones, and all orders of their buyers, because their places in the buyer's history
-- moved. One list holds both, so that a reader joins once. One row per order; none in a full build, which needs no list.
select platform, store_id, order_id
from {{ ref('int_changed_orders') }}

union

select platform, store_id, order_id
from {{ ref('int_order_totals') }} as orders
where {{ in_changed_buyers('orders') }}
