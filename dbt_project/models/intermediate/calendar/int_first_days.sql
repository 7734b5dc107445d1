-- The day from which ALL counts each store: the first of its loaded history. Before it only stray orders are known, those that changed
-- later. They stand in the store's own days, and those days are not loaded. One row per store with orders.
select store_id, max(history_from) as first_day
from {{ ref('int_store_calendar') }}
where store_id <> 'ALL' and history_from is not null
group by store_id
