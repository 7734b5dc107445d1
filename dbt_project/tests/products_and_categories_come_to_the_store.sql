-- Every unit of goods and every refund of goods belongs to one product and one category of level 1.
{%- set added = ['units', 'goods_paid', 'refund_goods', 'net_sales', 'net_sales_cohort', 'list_amount'] %}

with

items as (
    {%- for grain in ['daily', 'weekly', 'monthly'] %}
    {%- for subject, level in [('product', 'true'), ('category', 'category_level = 1')] %}
    select
        '{{ subject }}' as subject, grain, store_id, period_start,
        {%- for name in added %}
        sum({{ name }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref(subject ~ '_' ~ grain) }}
    where {{ level }}
    group by grain, store_id, period_start
    union all
    {%- endfor %}
    select
        'store' as subject, grain, store_id, period_start,
        units_paid as units, goods_paid, refund_goods, net_sales, net_sales_cohort, list_amount
    from {{ ref('store_' ~ grain) }}
    where store_id <> 'ALL'
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select stores.grain, stores.store_id, stores.period_start, subjects.subject
from items as stores
cross join (select 'product' as subject union all select 'category' as subject) as subjects
left join items
    on stores.grain = items.grain
    and stores.store_id = items.store_id
    and stores.period_start = items.period_start
    and subjects.subject = items.subject
where stores.subject = 'store'
    and (
        {%- for name in added %}
        stores.{{ name }} <> coalesce(items.{{ name }}, 0){{ " or" if not loop.last }}
        {%- endfor %}
    )
