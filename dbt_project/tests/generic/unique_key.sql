{#
  The columns together name one row; nulls are values here (an account-level row has no campaign).
  written: the list by which the table is written, for one with a row per order, refund or customer: a night looks at what it
  wrote (macros/incremental.sql, rows_written).
  also: further marts of this key, the same by week and by month: a test costs dbt more than the look at a table. Whoever builds a
  part of the marts is not asked for those that were never built.
  required: columns that are never null, of a view, which no constraint holds to it.
#}
{% test unique_key(model, columns, written=none, also=[], required=[]) %}
{%- set tables = [(model, rows_written(model, written, columns))] -%}
{%- for name in also -%}
    {%- if not execute or load_relation(ref(name)) -%}{%- do tables.append((ref(name), ref(name))) -%}{%- endif -%}
{%- endfor -%}
{%- if execute and tables | length > 1 and not load_relation(model) -%}{%- do tables.pop(0) -%}{%- endif -%}
{%- for name, rows in tables %}
select '{{ name }}' as mart, {{ columns | join(', ') }}, count(*) as times
from {{ rows }} as held
group by {{ columns | join(', ') }}
having count(*) > 1
{%- if required %} or count(*) > least(count({{ required | join('), count(') }})){% endif %}
{{ "union all" if not loop.last }}
{%- endfor %}
{% endtest %}
