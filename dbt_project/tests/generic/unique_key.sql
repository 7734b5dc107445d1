{#
  The columns together name one row; nulls are values here (an account-level row has no campaign).
  written: the list by which the table is written, for one with a row per order, refund or customer: a night looks at what it
  wrote (macros/incremental.sql, rows_written).
#}
{% test unique_key(model, columns, written=none) %}
select {{ columns | join(', ') }}, count(*) as times
from {{ rows_written(model, written, columns) }} as held
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
