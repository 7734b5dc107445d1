-- Amounts ending in _store are of one currency per store, whatever its orders were paid in.
select store_id
from {{ ref('fct_sales_ledger') }}
group by store_id
having count(distinct store_currency) > 1 or sum(case when store_currency is null then 1 else 0 end) > 0
