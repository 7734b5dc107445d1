{#- `wareStatus`: JOS documentation of `jingdong.ware.read.searchWare4Valid`. A status plus 512 is the same, with a change under review. -#}
{%- set states = {
    '1': 'off_sale',
    '2': 'off_sale',
    '4': 'off_sale',
    '8': 'on_sale',
    '513': 'off_sale',
    '514': 'off_sale',
    '516': 'off_sale',
    '520': 'on_sale',
    '1028': 'off_sale',
} -%}

{# The search has wares and not their SKUs. SKUs are known only from the order lines that sold them. #}
{{ products_of('jd', {
    'product_name': 'version.record.title',
    'category_path': 'version.record.categoryId',
    'list_price': money('version.record.jdPrice'),
    'is_on_sale': is_on_sale('version.record.wareStatus', states),
    'stock': money('version.record.stockNum'),
    'listed_at': epoch_time('version.record.onlineTime', 1000),
    'modified_at':
        'coalesce(' ~ epoch_time('version.record.modified', 1000) ~ ', ' ~ epoch_time('version.record.created', 1000) ~ ')',
}) }}
