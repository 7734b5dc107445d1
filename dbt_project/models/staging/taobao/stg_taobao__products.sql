{# taobao.items.onsale.get tells of items, not of their variants; variants are known from the lines that sold them. #}
select
    'taobao' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as product_id,
    {{ null_as('text') }} as sku_id,
    latest.record.title as product_name,
    latest.record.cid as category_path,
    {{ money('latest.record.price') }} as list_price,
    account.currency,
    latest.record.approve_status = 'onsale' as is_on_sale,
    {{ money('latest.record.num') }} as stock,
    {{ local_time('latest.record.list_time', "'Asia/Shanghai'") }} as listed_at,
    {{ local_time('latest.record.modified', "'Asia/Shanghai'") }} as modified_at,
    latest.load_id
from {{ ref('base_taobao__products') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
